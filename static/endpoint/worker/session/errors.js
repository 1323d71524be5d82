/** Errors of the session. `code` is a stable word; the page has the sentence for it (page/words.js). */

/**
 * Codes of the KMF pass through (docs/protocol.md section 8). Codes made here:
 *   sign_in_lost      the callback belongs to no sign-in that this browser began in the last ten minutes
 *   sign_in_foreign   the answer names another issuer
 *   sign_in_refused   the Authorization Module refused
 *   sign_in_expired   the grant is over: sign in again
 *   unreachable       no answer
 *   unexpected        an answer that the protocol does not know
 */
/** @typedef {{acr: string, maxAgeS: number}} DemandedSignIn how strongly and how lately one must have signed in */

export class SessionError extends Error {
  /**
   * @param {string} code
   * @param {{retryAfterS?: number, shownName?: string, demanded?: DemandedSignIn}} [details] `shownName`: how one who waits is seen
   */
  constructor(code, { retryAfterS, shownName = "", demanded } = {}) {
    super(code);
    this.name = "SessionError";
    this.code = code;
    this.retryAfterS = retryAfterS;
    this.shownName = shownName;
    this.demanded = demanded;
  }
}

/**
 * Stable code of whatever was thrown; never its message.
 *
 * @param {unknown} error
 * @returns {string}
 */
export function codeOf(error) {
  const code = /** @type {{code?: unknown}} */ (error ?? {}).code;
  return typeof code === "string" ? code : "unexpected";
}
