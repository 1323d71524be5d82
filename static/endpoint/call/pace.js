/** How often a call may join by itself: whoever carries it cannot make the page run in circles. */

const MOST_JOINS = 10;
const WITHIN_MS = 60_000;

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
