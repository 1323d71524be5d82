/** The address of an authorization request of the endpoint page (docs/protocol.md section 2). */

import { encodeBase64url, utf8 } from "../crypto/bytes.js";
import { hash } from "./dpop.js";

export const CLIENT_ID = "endpoint";
const RANDOM_BYTES = 32;

/**
 * @param {object} request
 * @param {import("./sign_in.js").Origins} request.origins
 * @param {string} request.conference
 * @param {string} request.state
 * @param {string} request.verifier of PKCE; only its hash is in the address
 * @param {string} request.jkt thumbprint of the DPoP key that the grant is to be bound to
 * @param {number} [request.maxAgeS] the sign-in may be no older
 * @param {string} [request.acr] the sign-in may be no weaker
 * @returns {Promise<string>}
 */
export async function authorizationURL({ origins, conference, state, verifier, jkt, maxAgeS, acr }) {
  const query = new URLSearchParams({
    response_type: "code",
    client_id: CLIENT_ID,
    redirect_uri: `${origins.kmf}/callback`,
    scope: `conference:${conference}`,
    state,
    code_challenge: await hash(utf8(verifier)),
    code_challenge_method: "S256",
    dpop_jkt: jkt,
  });
  if (maxAgeS !== undefined) query.append("max_age", String(maxAgeS));
  if (acr !== undefined) query.append("acr_values", acr);
  [origins.kmf, origins.provider, origins.core].forEach((resource) => query.append("resource", resource));
  return `${origins.auth}/authorize?${query}`;
}

/** A state or a verifier. */
export function randomText() {
  return encodeBase64url(crypto.getRandomValues(new Uint8Array(RANDOM_BYTES)));
}
