/** Which counters of one KID and track were seen: the last 1024 below the highest (docs/protocol.md section 6). */

import { MediaKeyError } from "../crypto/errors.js";

const SIZE = 1024;
/** Two counters that are further apart are far apart: a difference below it is a number, which costs less than a bigint. */
const FAR = BigInt(SIZE);

export class ReplayWindow {
  #highest = -1n;
  #seen = new Uint8Array(SIZE);

  /**
   * Check that `ctr` is new. It counts as seen only after `mark`, when its frame was authenticated.
   *
   * @param {bigint} ctr
   * @throws {MediaKeyError} replayed: seen, or too old to tell
   */
  check(ctr) {
    if (ctr > this.#highest) return;
    if (this.#highest - ctr >= FAR || this.#seen[slot(ctr)] === 1) throw new MediaKeyError("replayed");
  }

  /** @param {bigint} ctr a counter that `check` let pass just now */
  mark(ctr) {
    const at = slot(ctr);
    if (ctr > this.#highest) {
      this.#skip(ctr - this.#highest, at);
      this.#highest = ctr;
    }
    this.#seen[at] = 1;
  }

  /** Forget what stood in the slots of the counters between the highest and the new one. @param {bigint} leap @param {number} at */
  #skip(leap, at) {
    if (leap >= FAR) this.#seen.fill(0);
    else for (let back = Number(leap) - 1; back > 0; back -= 1) this.#seen[(at - back + SIZE) % SIZE] = 0;
  }
}

/** @param {bigint} ctr @returns {number} */
function slot(ctr) {
  return Number(BigInt.asUintN(10, ctr));
}
