/** Waiting to be let in: ask for the key again and again, as the KMF says, until the initiator has decided. */

import { codeOf, SessionError } from "./errors.js";

const PAUSE_S = 3;
/** Nobody who waits is thrown out because the line was away for a moment. */
const PASSING = new Set(["unreachable", "unavailable", "too_many"]);

/**
 * Be admitted, or wait for it.
 *
 * @param {{admit: () => Promise<void>, hasLeft: () => boolean, report: (event: import("./session.js").SessionEvent) => void}} ways
 *   `report` is told once, with the name under which the initiator sees us
 * @returns {Promise<void>} settles when we are admitted, or have left
 * @throws {SessionError} any refusal that waiting does not change
 */
export async function untilLetIn({ admit, hasLeft, report }) {
  let isWaiting = false;
  while (!hasLeft()) {
    try {
      return await admit();
    } catch (error) {
      const refusal = error instanceof SessionError ? error : new SessionError(codeOf(error));
      const isKept = refusal.code === "waiting" || (isWaiting && PASSING.has(refusal.code));
      if (!isKept || hasLeft()) {
        throw error;
      }
      if (!isWaiting) {
        isWaiting = true;
        report({ event: "waiting", name: refusal.shownName });
      }
      await new Promise((resolve) => setTimeout(resolve, 1000 * (refusal.retryAfterS ?? PAUSE_S)));
    }
  }
}
