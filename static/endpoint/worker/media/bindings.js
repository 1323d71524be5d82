/** Which transform a source's track is seen on: one, so that nobody is shown twice (docs/protocol.md section 6). */

import { MediaKeyError } from "../crypto/errors.js";

/** @typedef {import("./metadata.js").Track} Track */

/** A subscription that brought nothing for so long may be followed by another one. */
const IDLE_MS = 2000;

export class Bindings {
  /** @type {Map<string, {id: string, lastAt: number}>} source and track → transform */
  #owners = new Map();

  /**
   * Bind a source's track to a transform; a transform that changes its source frees the earlier one.
   *
   * @param {{id: string, sourceId: number, track: Track}} claim
   * @param {number} now ms, monotonic
   * @returns {boolean} true where the binding is new
   * @throws {MediaKeyError} duplicate_source
   */
  claim({ id, sourceId, track }, now) {
    const name = `${sourceId}/${track}`;
    const owner = this.#owners.get(name);
    if (owner?.id === id) {
      owner.lastAt = now;
      return false;
    }
    if (owner !== undefined && now - owner.lastAt < IDLE_MS) throw new MediaKeyError("duplicate_source");
    this.release(id);
    this.#owners.set(name, { id, lastAt: now });
    return true;
  }

  /** @param {string} id a transform that has ended */
  release(id) {
    for (const [name, owner] of this.#owners) if (owner.id === id) this.#owners.delete(name);
  }
}
