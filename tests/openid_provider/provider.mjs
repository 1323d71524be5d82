/**
 * A real OpenID Connect provider on loopback for the tests: `node provider.mjs PORT CONFIGURATION`, where the configuration is JSON:
 * {"client_id", "client_secret", "redirect_uri", "backchannel_logout_uri", "people": {login: {claims}}}. Its sign-in page asks for a
 * login only, and whether a second factor is to be shown. Prints `ready`.
 */

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import Provider from "oidc-provider";

const [port, path] = process.argv.slice(2);
const { client_id, client_secret, redirect_uri, backchannel_logout_uri, people } = JSON.parse(readFileSync(path, "utf8"));
const issuer = `http://127.0.0.1:${port}`;

/** Every name is of this machine: `*.localhost` is known to browsers only. */
function here(_name, options, done) {
  const found = { address: "127.0.0.1", family: 4 };
  if (typeof options === "function") options(null, found.address, found.family);
  else if (options.all) done(null, [found]);
  else done(null, found.address, found.family);
}

const provider = new Provider(issuer, {
  clients: [{
    client_id, client_secret, redirect_uris: [redirect_uri], token_endpoint_auth_method: "client_secret_post",
    backchannel_logout_uri, backchannel_logout_session_required: true,
  }],
  claims: { acr: null, auth_time: null, openid: ["sub", "groups", "amr"], profile: ["name"], email: ["email", "email_verified"] },
  conformIdTokenClaims: false,
  acrValues: ["two-factors"],
  features: { devInteractions: { enabled: false }, backchannelLogout: { enabled: true } },
  httpOptions: () => ({ dnsLookup: here }),
  pkce: { required: () => true },
  interactions: { url: (_context, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id, ...people[id] }) }),
  loadExistingGrant: async (context) => {
    const grant = new context.oidc.provider.Grant({ clientId: context.oidc.client.clientId, accountId: context.oidc.session.accountId });
    grant.addOIDCScope("openid profile email");
    await grant.save();
    return grant;
  },
});

const FORM = `<!doctype html><title>Company sign-in</title><h1>Company sign-in</h1><form method="post">
  <label>Login <input name="login"></label><label><input type="checkbox" name="factor"> Second factor</label><button>Go on</button></form>`;

/** @param {import("node:http").IncomingMessage} request */
async function formOf(request) {
  let body = "";
  for await (const part of request) body += part;
  return new URLSearchParams(body);
}

for (const event of ["backchannel.success", "backchannel.error"]) {
  provider.on(event, (_context, ...details) => process.stderr.write(`${event} ${details}\n`));
}

const answer = provider.callback();
createServer(async (request, response) => {
  if (!request.url?.startsWith("/interaction/")) {
    answer(request, response);
  } else if (request.method === "GET") {
    response.setHeader("Content-Type", "text/html");
    response.end(FORM);
  } else {
    const form = await formOf(request);
    const login = form.get("login") ?? "";
    const result = people[login] ? { login: { accountId: login, amr: form.has("factor") ? ["pwd", "mfa"] : ["pwd"] } } : { error: "access_denied" };
    await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
  }
}).listen(Number(port), "127.0.0.1", () => process.stdout.write("ready\n"));
