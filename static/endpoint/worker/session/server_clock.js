import { elapsed } from "../elapsed.js";

/**
 * The KMF's time as this endpoint estimates it, from the Date header of its answers.
 * Between two answers it runs on the time that passes here (elapsed.js).
 */
export class ServerClock {
  #offsetMs = Date.now() - elapsed();

  /**
   * Take the time of an answer.
   *
   * @param {string | null} date value of a Date header
   * @returns {number} seconds by which the estimate moved
   */
  note(date) {
    const ms = Date.parse(date ?? "");
    if (Number.isNaN(ms)) {
      return 0;
    }
    const before = this.#offsetMs;
    // The header has whole seconds, cut off: half a second is the mean of what was cut.
    this.#offsetMs = ms + 500 - elapsed();
    return Math.abs(this.#offsetMs - before) / 1000;
  }

  /** Seconds since 1970, whole. */
  nowS() {
    return Math.floor((elapsed() + this.#offsetMs) / 1000);
  }
}
