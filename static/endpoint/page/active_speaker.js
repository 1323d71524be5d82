/**
 * Who speaks, judged by the loudness of decrypted sound alone. A cough or a single word does not turn the stage around:
 * somebody must be the loudest for a while, and whoever was shown stays for a moment.
 */

/** Time in which an old level fades to a third. */
const MEMORY_MS = 500;
const AUDIBLE = 0.06;
const LOUDEST_FOR_MS = 600;
const SHOWN_FOR_MS = 2_000;

export class ActiveSpeaker {
  /** @type {Map<number, number>} by source id, 0 … 1 */
  #loudness = new Map();
  #heardAt = -Infinity;
  /** @type {number | null} */
  #current = null;
  #currentSince = -Infinity;
  /** @type {number | null} */
  #loudest = null;
  #loudestSince = -Infinity;

  /** Source id of whoever speaks, or spoke last. @returns {number | null} */
  get current() {
    return this.#current;
  }

  /**
   * Take the levels of one moment.
   *
   * @param {Map<number, number>} levels 0 … 1 by source id; who is not in it has gone
   * @param {number} now ms, monotonic
   * @returns {number | null} as `current`
   */
  hear(levels, now) {
    const kept = Math.exp(-(now - this.#heardAt) / MEMORY_MS);
    this.#heardAt = now;
    const before = this.#loudness;
    this.#loudness = new Map([...levels].map(([id, level]) => [id, Math.max(level, (before.get(id) ?? 0) * kept)]));
    if (this.#current !== null && !levels.has(this.#current)) {
      this.#current = null;
    }
    this.#follow(this.#loudestOf(), now);
    return this.#current;
  }

  /** @returns {number | null} */
  #loudestOf() {
    let [loudest, most] = [/** @type {number | null} */ (null), AUDIBLE];
    for (const [id, loudness] of this.#loudness) {
      if (loudness > most) {
        [loudest, most] = [id, loudness];
      }
    }
    return loudest;
  }

  /** @param {number | null} loudest @param {number} now */
  #follow(loudest, now) {
    if (loudest !== this.#loudest) {
      this.#loudest = loudest;
      this.#loudestSince = now;
    }
    if (loudest === null || loudest === this.#current) {
      return;
    }
    const isSteady = now - this.#loudestSince >= LOUDEST_FOR_MS && now - this.#currentSince >= SHOWN_FOR_MS;
    if (this.#current === null || isSteady) {
      this.#current = loudest;
      this.#currentSince = now;
    }
  }
}
