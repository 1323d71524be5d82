/** What an endpoint shows to others: to the provider when it joins, to the KMF when it leaves without a socket. */

import { SessionError } from "./errors.js";
import { readClaims } from "./grant.js";

/** Each join gets a token of its own: the provider takes none from before an eviction. */
const JOIN_TOKEN_FOR_S = Infinity;
/** A token that is about to expire would do for this one request, and not for the clocks of two servers. */
const CORE_TOKEN_FOR_S = 60;
const FAREWELL_MS = 5_000;

/**
 * @typedef {{conference: string, origins: import("./sign_in.js").Origins, grant: import("./grant.js").Grant}} Endpoint
 */

/**
 * One token of one audience, one proof for one URL.
 *
 * @param {Endpoint} endpoint
 * @returns {Promise<{handle: string, url: string, token: string, proof: string}>}
 * @throws {SessionError}
 */
export async function joinDocument({ origins, grant }) {
  const { text: token } = await grant.token(origins.provider, JOIN_TOKEN_FOR_S);
  const { handle } = readClaims(token);
  if (typeof handle !== "string" || !/^[A-Za-z0-9_-]{22}$/.test(handle)) {
    throw new SessionError("unexpected");
  }
  const url = `${origins.provider}/conferences/${handle}/join`;
  const { key, clock } = grant.client;
  return { handle, url, token, proof: await key.proof({ method: "POST", url, token, nowS: clock.nowS() }) };
}

/**
 * One token and one proof for the core frame's data of this conference.
 *
 * @param {Endpoint} endpoint
 * @returns {Promise<{url: string, token: string, proof: string}>}
 * @throws {SessionError}
 */
export async function coreDocument({ origins, conference, grant }) {
  const { text: token } = await grant.token(origins.core, CORE_TOKEN_FOR_S);
  const url = `${origins.core}/frame/conferences/${conference}`;
  const { key, clock } = grant.client;
  return { url, token, proof: await key.proof({ method: "GET", url, token, nowS: clock.nowS() }) };
}

/**
 * A goodbye that can be sent later, within 30 s, by whoever has it.
 *
 * @param {Endpoint} endpoint
 */
export async function leaveProof({ origins, conference, grant }) {
  const url = `${origins.kmf}/conferences/${conference}/leave`;
  const { key, clock } = grant.client;
  return { url, proof: await key.proof({ method: "POST", url, nowS: clock.nowS() }) };
}

/**
 * Say goodbye without a socket. A line that is away costs nothing: the KMF then notices by itself.
 *
 * @param {Endpoint} endpoint
 */
export async function sendFarewell(endpoint) {
  const { url, proof } = await leaveProof(endpoint);
  const request = { method: "POST", headers: { DPoP: proof }, keepalive: true, signal: AbortSignal.timeout(FAREWELL_MS) };
  await fetch(url, { ...request, credentials: "omit" }).catch(() => undefined);
}
