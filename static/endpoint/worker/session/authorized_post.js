/** Requests with token1 and a proof that names the body (docs/protocol.md section 3). */

import { codeOf } from "./errors.js";

/**
 * POST JSON to the KMF; once more where the token was refused that should still be good: the machine may have slept.
 *
 * @param {{grant: import("./grant.js").Grant, kmf: string, url: string, body: Uint8Array<ArrayBuffer>, tokenForS: number}} request
 *   `tokenForS`: how long the token must be good for
 * @returns {Promise<Response>} an answer with status 200 to 299
 * @throws {import("./errors.js").SessionError} with the KMF's code
 */
export async function postAuthorized({ grant, kmf, url, body, tokenForS }) {
  const post = async () => {
    const { text: token } = await grant.token(kmf, tokenForS);
    return grant.client.post({ url, body, contentType: "application/json", token, hashBody: true });
  };
  try {
    return await post();
  } catch (error) {
    if (codeOf(error) !== "invalid_token") {
      throw error;
    }
    grant.forget(kmf);
    return post();
  }
}
