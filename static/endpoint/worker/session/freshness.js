/**
 * How old is what we know? A signed `current` comes every 5 s. Whoever withholds it costs us seconds, not the key's TTL:
 * after 15 s the roster is called stale, after 30 s the endpoint stops sending (DESIGN section 7).
 */

import { elapsed } from "../elapsed.js";

const STALE_MS = 15_000;
const STOPPED_MS = 30_000;
const LOOK_EVERY_MS = 1_000;

/** @typedef {"fresh" | "stale" | "stopped"} Freshness */

export class FreshnessWatch {
  #confirmedAt = elapsed();
  /** @type {Freshness} */
  #state = "fresh";
  #timer = 0;
  #onChange;

  /** @param {(state: Freshness) => void} onChange */
  constructor(onChange) {
    this.#onChange = onChange;
  }

  /** The present was proved just now. */
  confirm() {
    this.#confirmedAt = elapsed();
    this.#timer ||= setInterval(() => this.#look(), LOOK_EVERY_MS);
    this.#look();
  }

  stop() {
    clearInterval(this.#timer);
    this.#timer = 0;
  }

  /** True where nothing newer than 30 s is known. */
  get isStopped() {
    return this.#state === "stopped";
  }

  #look() {
    const age = elapsed() - this.#confirmedAt;
    const state = age >= STOPPED_MS ? "stopped" : age >= STALE_MS ? "stale" : "fresh";
    if (state !== this.#state) {
      this.#state = state;
      this.#onChange(state);
    }
  }
}
