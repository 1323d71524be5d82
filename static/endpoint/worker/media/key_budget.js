/**
 * How many new sender keys one source may announce: to open one costs some fifty calls of Web Cryptography, and whoever made a
 * thousand a second would take the worker from everybody. What is over the budget waits for a later announcement.
 */

import { MediaKeyError } from "../crypto/errors.js";

/** An endpoint makes one at each rekey and each change of the roster; the KMF tells neither more often than every 100 ms. */
const KEYS_PER_S = 20;
const AT_ONCE = 60;

export class KeyBudget {
  #left = AT_ONCE;
  #at = 0;

  /**
   * @param {number} now ms, monotonic
   * @throws {MediaKeyError} ekt_rate
   */
  spend(now) {
    this.#left = Math.min(AT_ONCE, this.#left + ((now - this.#at) * KEYS_PER_S) / 1000);
    this.#at = now;
    if (this.#left < 1) throw new MediaKeyError("ekt_rate");
    this.#left -= 1;
  }
}
