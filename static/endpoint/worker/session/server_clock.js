/**
 * The KMF's time as this endpoint estimates it, from the Date header of its answers.
 * Between two answers it runs on the monotonic clock: whoever sets the device's clock changes nothing here.
 */
export class ServerClock {
  #offsetMs = Date.now() - performance.now();

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
    this.#offsetMs = ms + 500 - performance.now();
    return Math.abs(this.#offsetMs - before) / 1000;
  }

  /** Seconds since 1970, whole. */
  nowS() {
    return Math.floor((performance.now() + this.#offsetMs) / 1000);
  }
}
