/** When a call joins by itself: whoever carries it cannot make the page run in circles, and not all come back at once. */

const MOST_JOINS = 10;
const WITHIN_MS = 60_000;
const FIRST_PAUSE_MS = 1_500;
const LONGEST_PAUSE_MS = 6_000;

/**
 * How long to wait before the next join. Everybody's line is cut at the same time where the provider or the MDD ended: they
 * must not return at the same time.
 *
 * @param {number} failures in a row before this one
 * @returns {number} ms: between a quarter and the whole of 1.5 s, then of 3 s, then of 6 s, at random
 */
export function pauseMs(failures) {
  const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures);
  return longest * (0.25 + Math.random() * 0.75);
}

export class JoinPace {
  /** @type {number[]} */
  #joinedAt = [];

  /** Wait until another join is due. @returns {Promise<void>} */
  async turn() {
    const now = performance.now();
    this.#joinedAt = this.#joinedAt.filter((at) => now - at < WITHIN_MS);
    const isFull = this.#joinedAt.length >= MOST_JOINS;
    // Those who wait at the same time take their turns one after the other.
    const dueAt = isFull ? this.#joinedAt[this.#joinedAt.length - MOST_JOINS] + WITHIN_MS : now;
    this.#joinedAt.push(dueAt);
    if (dueAt > now) await new Promise((resolve) => setTimeout(resolve, dueAt - now));
  }
}
