/**
 * A real SAML 2.0 provider on loopback for the tests: `node provider.mjs PORT CONFIGURATION`, where the configuration is JSON:
 * {"issuer", "key", "certificate", "two_factors", "people": {login: {attribute: values}}}. Its sign-in page asks for a login only,
 * and whether a second factor is to be shown; it says beneath what the request asked for. Prints `ready`.
 */

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { promisify } from "node:util";
import samlp from "samlp";

const [port, path] = process.argv.slice(2);
const { issuer, key, certificate, two_factors, people } = JSON.parse(readFileSync(path, "utf8"));
const PASSWORD = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport";
const parseRequest = promisify(samlp.parseRequest);
const getSamlResponse = promisify(samlp.getSamlResponse);

/** @param {string} text */
const escaped = (text) => text.replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`);

/** @param {Record<string, string>} asked */
const form = (asked) => `<!doctype html><title>Company sign-in</title><h1>Company sign-in</h1><form method="post">
  <label>Login <input name="login"></label><label><input type="checkbox" name="factor"> Second factor</label><button>Go on</button></form>
  <p>Forced: ${escaped(asked.forceAuthn ?? "no")}</p>`;

/** @param {string} login */
const profileMapper = ({ login }) => ({
  getClaims: () => people[login],
  getNameIdentifier: () => ({
    nameIdentifier: login,
    nameIdentifierFormat: "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
  }),
});

/** The page that carries the answer to where it was asked for: a form of this site, sent to another. */
const carrier = (asked, relayState, answer) => `<!doctype html><title>One moment</title>
  <form method="post" action="${escaped(asked.assertionConsumerServiceURL)}">
  <input type="hidden" name="SAMLResponse" value="${Buffer.from(answer).toString("base64")}">
  <input type="hidden" name="RelayState" value="${escaped(relayState)}"></form><script>document.forms[0].submit()</script>`;

async function answerTo(asked, chosen) {
  const login = chosen.get("login") ?? "";
  const options = {
    issuer, key, cert: certificate, signatureAlgorithm: "rsa-sha256", digestAlgorithm: "sha256", lifetimeInSeconds: 300,
    audience: asked.issuer, recipient: asked.assertionConsumerServiceURL, destination: asked.assertionConsumerServiceURL,
    inResponseTo: asked.id, authnContextClassRef: chosen.has("factor") ? two_factors : PASSWORD, profileMapper,
  };
  if (people[login]) return getSamlResponse(options, { login });
  return getSamlResponse({ ...options, samlStatusCode: "urn:oasis:names:tc:SAML:2.0:status:Responder" }, { login: "nobody" });
}

async function formOf(request) {
  let body = "";
  for await (const part of request) body += part;
  return new URLSearchParams(body);
}

createServer(async (request, response) => {
  const query = Object.fromEntries(new URL(request.url ?? "", `http://127.0.0.1:${port}`).searchParams);
  response.setHeader("Content-Type", "text/html");
  if (!query.SAMLRequest) {
    response.writeHead(404).end();
    return;
  }
  const asked = await parseRequest({ method: "GET", query }, {});
  if (request.method === "GET") response.end(form(asked));
  else response.end(carrier(asked, query.RelayState ?? "", await answerTo(asked, await formOf(request))));
}).listen(Number(port), "127.0.0.1", () => process.stdout.write("ready\n"));
