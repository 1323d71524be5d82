/** Which counters of one KID and track were seen: the last 1024 below the highest (docs/protocol.md section 6). */

import { MediaKeyError } from "../crypto/errors.js";

/** A power of two: a slot is a counter's low bits. */
const SIZE = 1024;
const WORD = 0x100000000;

/** @typedef {{ctrHigh: number, ctrLow: number}} Counter of 64 bits, in two halves */

export class ReplayWindow {
  /** The highest counter; none at first. */
  #high = 0;
  #low = -1;
  #seen = new Uint8Array(SIZE);

  /**
   * Check that a counter is new. It counts as seen only after `mark`, when its frame was authenticated.
   *
   * @param {Counter} counter
   * @throws {MediaKeyError} replayed: seen, or too old to tell
   */
  check(counter) {
    const ahead = this.#ahead(counter);
    if (ahead > 0) return;
    if (ahead <= -SIZE || this.#seen[counter.ctrLow & (SIZE - 1)] === 1) throw new MediaKeyError("replayed");
  }

  /** @param {Counter} counter one that `check` let pass just now */
  mark(counter) {
    const slot = counter.ctrLow & (SIZE - 1);
    const ahead = this.#ahead(counter);
    if (ahead >= SIZE) this.#seen.fill(0);
    // What stood in the slots of those that were skipped is older than the window now.
    else for (let back = 1; back < ahead; back += 1) this.#seen[(slot - back) & (SIZE - 1)] = 0;
    if (ahead > 0) {
      this.#high = counter.ctrHigh;
      this.#low = counter.ctrLow;
    }
    this.#seen[slot] = 1;
  }

  /** How far it is above the highest: exact wherever that is near. @param {Counter} counter @returns {number} */
  #ahead({ ctrHigh, ctrLow }) {
    return (ctrHigh - this.#high) * WORD + (ctrLow - this.#low);
  }
}
