/** Staying connected: one connection after the other, until coming back is no use. */

import { codeOf, SessionError } from "./errors.js";
import { GRACE_MS, pause } from "./timetable.js";

/** Refusals after which another try makes no sense; the page says what does. */
const FINAL = new Set(["denied", "too_early", "ended", "locked", "waiting", "declined", "full", "step_up", "sign_in_expired", "malformed"]);

/**
 * @typedef {import("./connection.js").Ending} Ending
 * @typedef {{connect: () => {ended: Promise<Ending>}, admit: () => Promise<void>, farewell: () => Promise<void>,
 *   hasLeft: () => boolean, onCut: () => void}} Ways `admit`: ask for a key anew; `onCut`: a connection ended that may come back
 */

export class ComingBack {
  #ways;
  /** When the KMF last had reason to take us for present, by the monotonic clock. */
  #aliveAt = performance.now();

  /** @param {Ways} ways of a stay that was admitted just now */
  constructor(ways) {
    this.#ways = ways;
  }

  /** Connect, and again. @returns {Promise<string>} the reason why not once more */
  async run() {
    const { connect, hasLeft, onCut } = this.#ways;
    let attempt = 0;
    while (!hasLeft()) {
      const ending = await connect().ended;
      if (ending.final || hasLeft()) {
        return ending.code;
      }
      onCut();
      attempt = ending.welcomed ? 0 : attempt + 1;
      this.#aliveAt = ending.welcomed ? ending.closedAt : this.#aliveAt;
      const reason = await this.#wait(ending, attempt);
      if (reason !== null) {
        return reason;
      }
    }
    return "left";
  }

  /**
   * Wait, and where the KMF has taken us for gone, ask for a key again.
   *
   * @param {Ending} ending
   * @param {number} attempt
   * @returns {Promise<string | null>} why there is no way back
   */
  async #wait(ending, attempt) {
    const { hasLeft, farewell } = this.#ways;
    let atLeastS = 0;
    for (let again = attempt; !hasLeft(); again += 1) {
      await pause(again, atLeastS);
      try {
        if (!hasLeft()) {
          await this.#admitWhereGone(ending);
          if (!hasLeft()) {
            return null;
          }
          await farewell();
        }
      } catch (error) {
        if (FINAL.has(codeOf(error))) {
          return codeOf(error);
        }
        atLeastS = (error instanceof SessionError && error.retryAfterS) || 0;
      }
    }
    return "left";
  }

  /** @param {Ending} ending */
  async #admitWhereGone(ending) {
    if (ending.admit || performance.now() - this.#aliveAt > GRACE_MS) {
      await this.#ways.admit();
      this.#aliveAt = performance.now();
    }
  }
}
