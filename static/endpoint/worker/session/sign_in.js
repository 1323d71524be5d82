/** OAuth 2.0 authorization code flow with PKCE and DPoP: before the redirect and after it (docs/protocol.md section 2). */

import { authorizationURL, randomText } from "./authorization_request.js";
import { DPoPKey, makeDPoPKeyPair } from "./dpop.js";
import { SessionError } from "./errors.js";
import { Grant } from "./grant.js";
import { KMFClient } from "./kmf_http.js";
import { putPending, takePending } from "./store.js";

/** @typedef {{kmf: string, auth: string, provider: string, core: string}} Origins */

/**
 * Prepare a sign-in.
 *
 * @param {{origins: Origins, conference: string, demanded?: import("./errors.js").DemandedSignIn}} options `demanded`: by the KMF,
 *   for this conference
 * @returns {Promise<string>} the address to send the browser to
 */
export async function beginSignIn({ origins, conference, demanded }) {
  const keyPair = await makeDPoPKeyPair();
  const { jkt } = await DPoPKey.of(keyPair);
  const [state, verifier] = [randomText(), randomText()];
  await putPending(state, { keyPair, verifier, conference, createdAt: Date.now() });
  return authorizationURL({ origins, conference, state, verifier, jkt, ...demanded });
}

/**
 * Finish a sign-in at the callback.
 *
 * @param {{origins: Origins, answer: {code?: string, state?: string, iss?: string, error?: string},
 *   clock: import("./server_clock.js").ServerClock}} options
 * @returns {Promise<{grant: Grant, conference: string}>}
 * @throws {SessionError}
 */
export async function completeSignIn({ origins, answer, clock }) {
  const pending = await takePending(answer.state ?? "", Date.now());
  if (!pending) {
    throw new SessionError("sign_in_lost");
  }
  // RFC 9207: an answer of another issuer must not make us send the code anywhere.
  if (answer.iss !== origins.auth) {
    throw new SessionError("sign_in_foreign");
  }
  if (answer.error !== undefined || !answer.code) {
    throw new SessionError("sign_in_refused");
  }
  const client = new KMFClient({ key: await DPoPKey.of(pending.keyPair), clock });
  const grant = new Grant({ client, origins });
  await grant.exchange({ code: answer.code, verifier: pending.verifier });
  return { grant, conference: pending.conference };
}
