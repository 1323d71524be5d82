/** Staying connected: one connection after the other, until coming back is no use. */

import { codeOf, SessionError } from "./errors.js";
import { pause, shortly } from "./timetable.js";

/** Refusals after which another try makes no sense; the page says what does. */
const FINAL = new Set(["denied", "too_early", "ended", "locked", "waiting", "declined", "full", "step_up", "sign_in_expired", "malformed"]);

/**
 * @typedef {import("./connection.js").Ending} Ending
 * @typedef {{connect: () => {ended: Promise<Ending>}, admit: () => Promise<void>, farewell: () => Promise<void>,
 *   hasLeft: () => boolean, onCut: () => void}} Ways `admit`: ask for a key anew; `onCut`: a connection ended that may come back
 */

export class ComingBack {
  #ways;
  /** The last connection was refused, and a key was asked for since. */
  #admitted = false;

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
      const reason = await this.#wait(ending, attempt);
      if (reason !== null) {
        return reason;
      }
    }
    return "left";
  }

  /**
   * Wait, and where the KMF said that we are gone, ask for a key again. Only it knows: while it was away itself, nobody was
   * counting our absence, and who is still in must not come in a second time.
   *
   * @param {Ending} ending
   * @param {number} attempt
   * @returns {Promise<string | null>} why there is no way back
   */
  async #wait(ending, attempt) {
    const { hasLeft, admit, farewell } = this.#ways;
    // It answers: no need to spare it, unless it refused what it had let in just now.
    await (ending.admit && !this.#admitted ? shortly() : pause(attempt));
    this.#admitted = ending.admit;
    for (let again = attempt + 1; !hasLeft(); again += 1) {
      try {
        if (!ending.admit) {
          return null;
        }
        await admit();
        if (!hasLeft()) {
          return null;
        }
        await farewell();
      } catch (error) {
        if (FINAL.has(codeOf(error))) {
          return codeOf(error);
        }
        await pause(again, (error instanceof SessionError && error.retryAfterS) || 0);
      }
    }
    return "left";
  }
}
