/**
 * When a frame carries a FullEKTField (RFC 8870 section 4.2): often enough for a newcomer, not on every frame.
 *
 * Each RTP source counts for itself: who is sent the small layer of a camera sees nothing of what the large one announces.
 */

import { AUDIO, VIDEO_KEY } from "./metadata.js";

/** @typedef {import("./metadata.js").Track} Track */
/** @typedef {{count: number, lastAt: number}} Told */

const FIRST_FRAMES = 3;
const AUDIO_MS = 100;
/** For who sends no sound and rarely a key frame. */
const VIDEO_MS = 1000;

export class Announcements {
  /** @type {Map<Track, Map<number, Told>>} by track and RTP source */
  #told = new Map();
  /** Until then no source of the track has anything to announce but with a key frame. @type {Map<Track, number>} */
  #restsUntil = new Map();
  #soundAt = -Infinity;

  /**
   * Is this frame one that announces? It counts as done.
   *
   * @param {{track: Track, kind: number, rtpSource: () => number}} frame `rtpSource` is not cheap, and asked only where it matters
   * @param {number} now ms, monotonic
   * @returns {boolean}
   */
  isDue({ track, kind, rtpSource }, now) {
    if (kind !== VIDEO_KEY && now < (this.#restsUntil.get(track) ?? -Infinity)) return false;
    const told = this.#toldBy(track, kind === AUDIO ? 0 : rtpSource());
    const isDue = kind === VIDEO_KEY || now >= this.#nextAt(told, kind);
    if (isDue) {
      told.count += 1;
      told.lastAt = now;
      if (kind === AUDIO) this.#soundAt = now;
    }
    const nexts = [...(this.#told.get(track)?.values() ?? [])].map((each) => this.#nextAt(each, kind));
    this.#restsUntil.set(track, Math.min(...nexts));
    return isDue;
  }

  /** @param {Told} told @param {number} kind @returns {number} ms: from when on its source announces again */
  #nextAt({ count, lastAt }, kind) {
    if (count < FIRST_FRAMES) return -Infinity;
    return kind === AUDIO ? lastAt + AUDIO_MS : Math.max(lastAt, this.#soundAt) + VIDEO_MS;
  }

  /** @param {Track} track @param {number} rtpSource @returns {Told} */
  #toldBy(track, rtpSource) {
    const sources = this.#told.get(track) ?? new Map();
    this.#told.set(track, sources);
    const told = sources.get(rtpSource) ?? { count: 0, lastAt: -Infinity };
    sources.set(rtpSource, told);
    return told;
  }
}
