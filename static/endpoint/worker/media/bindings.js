/** Which transform a source's track is seen on: one, so that nobody is shown twice (docs/protocol.md section 6). */

import { MediaKeyError } from "../crypto/errors.js";

/** @typedef {import("./metadata.js").Track} Track */
/** @typedef {{id: string, sourceId: number, track: Track, lastAt: number, holds: boolean}} Binding `holds`: no other has followed */

/** A subscription that brought nothing for so long may be followed by another one. */
const IDLE_MS = 2000;

export class Bindings {
  /** @type {Map<string, Binding>} by source and track */
  #owners = new Map();
  /** @type {Map<string, Binding>} by transform */
  #bound = new Map();

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
    const bound = this.#bound.get(id);
    if (bound !== undefined && bound.sourceId === sourceId && bound.track === track && bound.holds) {
      bound.lastAt = now;
      return false;
    }
    if (bound !== undefined && bound.sourceId !== sourceId && isPresent(bound.sourceId)) throw new MediaKeyError("duplicate_source");
    const name = nameOf({ sourceId, track });
    const owner = this.#owners.get(name);
    if (owner !== undefined && now - owner.lastAt < IDLE_MS) throw new MediaKeyError("duplicate_source");
    // The one before stays under this source's name, though it is not seen there any more.
    if (owner !== undefined) owner.holds = false;
    this.release(id);
    const binding = { id, sourceId, track, lastAt: now, holds: true };
    this.#owners.set(name, binding);
    this.#bound.set(id, binding);
    return true;
  }

  /** @param {string} id a transform that has ended */
  release(id) {
    const bound = this.#bound.get(id);
    this.#bound.delete(id);
    if (bound?.holds) this.#owners.delete(nameOf(bound));
  }
}

/** @param {{sourceId: number, track: Track}} binding */
function nameOf({ sourceId, track }) {
  return `${sourceId}/${track}`;
}
