/**
 * An OAuth client that is not ours (oauth4webapi) against the running system: says what it did, one JSON object a line.
 * Run as `node independent_client.mjs person|device`, with one JSON object on standard input; the person's callback URL follows it.
 * @module
 */
import { createHash, createPrivateKey, generateKeyPairSync, randomBytes, webcrypto } from "node:crypto";
import http from "node:http";
import { createInterface } from "node:readline";
import * as oauth from "oauth4webapi";

globalThis.crypto ??= webcrypto; // Debian 12 has Node 18

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const given = JSON.parse((await lines.next()).value);
const { auth, kmf, provider, core } = given.origins;
const say = (members) => process.stdout.write(`${JSON.stringify(members)}\n`);

/** fetch() under a name that Node resolves nowhere: everything is this machine. */
async function here(url, { method, headers, body }) {
  const { hostname, port, pathname, search } = new URL(url);
  const sent = { ...Object.fromEntries(new Headers(headers)), host: `${hostname}:${port}` };
  return new Promise((resolve, reject) => {
    const request = http.request({ host: "127.0.0.1", port, path: pathname + search, method, headers: sent }, (answer) => {
      const parts = [];
      answer.on("data", (part) => parts.push(part));
      answer.on("end", () => {
        const empty = [204, 304].includes(answer.statusCode);
        resolve(new Response(empty ? null : Buffer.concat(parts), { status: answer.statusCode, headers: flat(answer.headers) }));
      });
    });
    request.on("error", reject);
    request.end(body === undefined || body === null ? undefined : Buffer.from(typeof body === "string" ? body : body.toString()));
  });
}

const flat = (headers) => Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") : value]);
const options = { [oauth.allowInsecureRequests]: true, [oauth.customFetch]: here };
const issuer = new URL(auth);
const found = await oauth.discoveryRequest(issuer, { ...options, algorithm: "oauth2" });
const server = await oauth.processDiscoveryResponse(issuer, found);
say({ step: "discovered", issuer: server.issuer, token_endpoint: server.token_endpoint });
const keys = await oauth.generateKeyPair("ES256");

/** The key request of docs/protocol.md section 3; `kah` is the one claim that the library does not know. */
async function askForKey(token, client) {
  const agreement = generateKeyPairSync("x25519").publicKey.export({ format: "jwk" }).x;
  const body = JSON.stringify({ conference: given.conference, agreement: { alg: "X25519", key: agreement }, identity: randomBytes(32).toString("base64url") });
  const proofs = oauth.DPoP(client, keys, {
    [oauth.modifyAssertion]: (_header, claims) => { claims.kah = createHash("sha256").update(body).digest("base64url"); },
  });
  const headers = new Headers({ "content-type": "application/json" });
  const answer = await withNonce(() => oauth.protectedResourceRequest(token, "POST", new URL(`${kmf}/keys`), headers, body, { ...options, DPoP: proofs }));
  say({ step: "key", status: answer.status, length: answer.headers.get("content-length"), header: answer.headers.get("encryption-key") });
}

/** A request that is made once more where the server gives a nonce, as the library's documentation has it. */
async function withNonce(request, process_ = (response) => response) {
  try {
    return await process_(await request());
  } catch (error) {
    if (!oauth.isDPoPNonceError(error)) throw error;
    say({ step: "nonce" });
    return process_(await request());
  }
}

async function person() {
  const client = { client_id: "endpoint", [oauth.clockSkew]: given.skew };
  const proofs = oauth.DPoP(client, keys);
  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  const asked = new URL(server.authorization_endpoint);
  const query = {
    response_type: "code", client_id: "endpoint", redirect_uri: `${kmf}/callback`, scope: `conference:${given.conference}`, state,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: "S256", dpop_jkt: await proofs.calculateThumbprint(),
  };
  Object.entries(query).forEach(([name, value]) => asked.searchParams.set(name, value));
  [kmf, provider, core].forEach((resource) => asked.searchParams.append("resource", resource));
  say({ step: "ask", url: asked.href });
  const callback = oauth.validateAuthResponse(server, client, new URL((await lines.next()).value), state);
  const at = (resource) => ({ ...options, DPoP: proofs, additionalParameters: { resource } });
  const first = await withNonce(
    () => oauth.authorizationCodeGrantRequest(server, client, oauth.None(), callback, `${kmf}/callback`, verifier, at(kmf)),
    (answer) => oauth.processAuthorizationCodeResponse(server, client, answer),
  );
  say({ step: "code", type: first.token_type, scope: first.scope, expires_in: first.expires_in });
  const refresh = (token, resource) => withNonce(
    () => oauth.refreshTokenGrantRequest(server, client, oauth.None(), token, at(resource)),
    (answer) => oauth.processRefreshTokenResponse(server, client, answer),
  );
  const second = await refresh(first.refresh_token, provider);
  const third = await refresh(second.refresh_token, kmf);
  say({ step: "refreshed", rotated: new Set([first, second, third].map((one) => one.refresh_token)).size });
  await askForKey(third.access_token, client);
}

async function device() {
  const pkcs8 = createPrivateKey(given.key).export({ type: "pkcs8", format: "der" });
  const key = await webcrypto.subtle.importKey("pkcs8", pkcs8, { name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);
  const client = { client_id: given.device };
  const parameters = { scope: `conference:${given.conference}`, resource: kmf };
  const answer = await oauth.clientCredentialsGrantRequest(
    server, client, oauth.PrivateKeyJwt({ key, kid: given.kid }), parameters, { ...options, DPoP: oauth.DPoP(client, keys) },
  );
  const token = await oauth.processClientCredentialsResponse(server, client, answer);
  say({ step: "token", type: token.token_type, scope: token.scope, refresh: token.refresh_token !== undefined });
  await askForKey(token.access_token, client);
}

await (process.argv[2] === "device" ? device() : person());
