/** Which transform a source's track is seen on: one, so that nobody is shown twice (docs/protocol.md section 6). */

import { MediaKeyError } from "../crypto/errors.js";

/** @typedef {import("./metadata.js").Track} Track */

/** A subscription that brought nothing for so long may be followed by another one. */
const IDLE_MS = 2000;

export class Bindings {
  /** @type {Map<string, {id: string, lastAt: number}>} source and track → transform */
  #owners = new Map();
  /** @type {Map<string, number>} transform → source */
  #sources = new Map();

  /**
   * Bind a source's track to a transform. A transform keeps its source as long as that one is in the roster: its picture
   * stands under that name.
   *
   * @param {{id: string, sourceId: number, track: Track, isPresent: (sourceId: number) => boolean}} claim
   * @param {number} now ms, monotonic
   * @returns {boolean} true where the binding is new
   * @throws {MediaKeyError} duplicate_source
   */
  claim({ id, sourceId, track, isPresent }, now) {
    const bound = this.#sources.get(id);
    if (bound !== undefined && bound !== sourceId && isPresent(bound)) throw new MediaKeyError("duplicate_source");
    const name = `${sourceId}/${track}`;
    const owner = this.#owners.get(name);
    if (owner?.id === id) {
      owner.lastAt = now;
      return false;
    }
    if (owner !== undefined && now - owner.lastAt < IDLE_MS) throw new MediaKeyError("duplicate_source");
    this.release(id);
    this.#owners.set(name, { id, lastAt: now });
    this.#sources.set(id, sourceId);
    return true;
  }

  /** @param {string} id a transform that has ended */
  release(id) {
    this.#sources.delete(id);
    for (const [name, owner] of this.#owners) if (owner.id === id) this.#owners.delete(name);
  }
}
