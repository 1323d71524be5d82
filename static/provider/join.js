/** `POST /conferences/{handle}/join`: token2 and proof in, ICE servers, socket and ticket out. */

import { Gone } from "./errors.js";

/**
 * @param {{url: string, token: string, proof: string}} credentials
 * @param {AbortSignal} signal
 * @returns {Promise<{ice_servers: object[], socket: string, ticket: string}>}
 * @throws {Gone} with the provider's code, or `unavailable`
 */
export async function join({ url, token, proof }, signal) {
  const headers = { Authorization: `DPoP ${token}`, DPoP: proof };
  let response;
  try {
    response = await fetch(url, { method: "POST", headers, credentials: "omit", referrerPolicy: "no-referrer", signal });
  } catch {
    throw new Gone("unavailable");
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Gone(typeof answer.error === "string" ? answer.error : "unavailable");
  return answer;
}
