/**
 * Remote tracks and the sources that their frames really decrypt under. A feed belongs to nobody until the worker has
 * authenticated a frame of it; what the provider says about it is not asked.
 */

/** No authenticated frame for this long: nothing arrives. */
const QUIET_MS = 4_000;

/**
 * @typedef {{id: string, kind: string, track: MediaStreamTrack, sourceId: number | null, since: number,
 *   frames: number, ok: number, frameAt: number, okAt: number}} Feed
 * @typedef {import("./tile.js").LockState} LockState
 */

export class Feeds {
  /** @type {Map<string, Feed>} */
  #feeds = new Map();
  /** Sources that were known before their track arrived. @type {Map<string, number>} */
  #early = new Map();

  /** @param {{id: string, kind: string, track: MediaStreamTrack}} remote @returns {Feed} */
  add({ id, kind, track }) {
    const now = performance.now();
    const sourceId = this.#early.get(id) ?? null;
    const feed = { id, kind, track, sourceId, since: now, frames: 0, ok: 0, frameAt: -Infinity, okAt: -Infinity };
    this.#feeds.set(id, feed);
    return feed;
  }

  /** @param {string} id @returns {Feed | undefined} the feed that went */
  remove(id) {
    const feed = this.#feeds.get(id);
    this.#feeds.delete(id);
    this.#early.delete(id);
    return feed;
  }

  /** The worker authenticated a frame. @param {string} id @param {number} sourceId @returns {Feed | undefined} */
  bind(id, sourceId) {
    this.#early.set(id, sourceId);
    const feed = this.#feeds.get(id);
    if (feed) {
      feed.sourceId = sourceId;
      feed.okAt = performance.now();
    }
    return feed;
  }

  /** @param {number} sourceId */
  of(sourceId) {
    return [...this.#feeds.values()].filter((feed) => feed.sourceId === sourceId);
  }

  /** Do frames arrive that have been nobody's for longer than `ms`? @param {number} ms */
  hasStrangers(ms) {
    const now = performance.now();
    const feeds = [...this.#feeds.values()].filter(({ sourceId, since }) => sourceId === null && now - since > ms);
    return feeds.some(({ frameAt }) => now - frameAt < QUIET_MS);
  }

  /** @param {string} id */
  has(id) {
    return this.#feeds.has(id);
  }

  /** Take the worker's counters. @param {Record<string, {frames: number, ok: number}>} counters */
  count(counters) {
    const now = performance.now();
    for (const feed of this.#feeds.values()) {
      const { frames, ok } = counters[feed.id] ?? { frames: 0, ok: 0 };
      feed.frameAt = frames !== feed.frames ? now : feed.frameAt;
      feed.okAt = ok !== feed.ok ? now : feed.okAt;
      feed.frames = frames;
      feed.ok = ok;
    }
  }

  /** What may be said of a source's lock. @param {number} sourceId @returns {LockState} */
  lockOf(sourceId) {
    const now = performance.now();
    const feeds = this.of(sourceId);
    if (feeds.some((feed) => now - feed.okAt < QUIET_MS)) {
      return "encrypted";
    }
    if (feeds.some((feed) => now - feed.frameAt < QUIET_MS)) {
      return "unreadable";
    }
    return feeds.some((feed) => feed.ok > 0) ? "silent" : "waiting";
  }
}
