/** Which counters of one KID and track were seen: the last 1024 below the highest (docs/protocol.md section 6). */

import { MediaKeyError } from "../crypto/errors.js";

const SIZE = 1024n;

export class ReplayWindow {
  #highest = -1n;
  #seen = new Uint8Array(Number(SIZE));

  /**
   * Check that `ctr` is new. It counts as seen only after `mark`, when its frame was authenticated.
   *
   * @param {bigint} ctr
   * @throws {MediaKeyError} replayed: seen, or too old to tell
   */
  check(ctr) {
    if (ctr > this.#highest) return;
    if (ctr <= this.#highest - SIZE || this.#seen[slot(ctr)] === 1) throw new MediaKeyError("replayed");
  }

  /** @param {bigint} ctr a counter that `check` let pass just now */
  mark(ctr) {
    const leap = ctr - this.#highest;
    if (leap >= SIZE) this.#seen.fill(0);
    else for (let skipped = this.#highest + 1n; skipped < ctr; skipped += 1n) this.#seen[slot(skipped)] = 0;
    if (leap > 0n) this.#highest = ctr;
    this.#seen[slot(ctr)] = 1;
  }
}

/** @param {bigint} ctr @returns {number} */
function slot(ctr) {
  return Number(ctr & (SIZE - 1n));
}
