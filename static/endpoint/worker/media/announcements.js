/** When a frame carries a FullEKTField (RFC 8870 section 4.2): often enough for a newcomer, not on every frame. */

import { AUDIO, VIDEO_KEY } from "./metadata.js";

/** @typedef {import("./metadata.js").Track} Track */

const FIRST_FRAMES = 3;
const AUDIO_MS = 100;
/** For who sends no sound and rarely a key frame. */
const VIDEO_MS = 1000;

export class Announcements {
  /** @type {Map<Track, {count: number, lastAt: number}>} */
  #tracks = new Map();
  #lastAt = -Infinity;

  /**
   * Is this frame one that announces? It counts as done.
   *
   * @param {{track: Track, kind: number}} frame
   * @param {number} now ms, monotonic
   * @returns {boolean}
   */
  isDue({ track, kind }, now) {
    const sent = this.#tracks.get(track) ?? { count: 0, lastAt: -Infinity };
    const silence = kind === AUDIO ? now - sent.lastAt >= AUDIO_MS : now - this.#lastAt >= VIDEO_MS;
    if (sent.count >= FIRST_FRAMES && kind !== VIDEO_KEY && !silence) return false;
    this.#tracks.set(track, { count: sent.count + 1, lastAt: now });
    this.#lastAt = now;
    return true;
  }
}
