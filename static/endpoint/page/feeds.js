/**
 * Remote tracks and the sources that their frames really decrypt under. A feed belongs to nobody until the worker has
 * authenticated a frame of it; what the provider says about it is not asked. What a feed shows (camera, screen) is
 * authenticated with each frame, too.
 */

/** No authenticated frame for this long: nothing arrives. */
const QUIET_MS = 4_000;
/** Sound comes fifty times a second: after this long it has been turned off, or is kept from us. */
const MUTED_MS = 1_900;

/**
 * @typedef {import("../worker/media/metadata.js").Track} Track
 * @typedef {{sourceId: number, track: Track}} Proof whose a feed is, and what of his
 * @typedef {{id: string, media: MediaStreamTrack, proof: Proof | null, since: number, reason: string,
 *   frames: number, ok: number, frameAt: number, okAt: number, refusedAt: number}} Feed
 * @typedef {import("./tile.js").LockState} LockState
 */

/** Stands for the source of feeds without a proof; source ids are not negative. */
const NOBODY = -1;

/** Microphone and camera: what stands in a person's own tile. @type {Track[]} */
export const PERSON = ["mic", "camera"];
/** @type {Track[]} */
export const SCREEN = ["screen", "screen-audio"];

export class Feeds {
  /** @type {Map<string, Feed>} */
  #feeds = new Map();
  /** Proofs that came before their track. @type {Map<string, Proof>} */
  #early = new Map();
  /** Sources of which something was unlocked, at any time. @type {Set<number>} */
  #known = new Set();
  /** Feeds by source, made anew after a change: a large conference is looked at each second. @type {Map<number, Feed[]> | null} */
  #bySource = null;

  /** @param {{id: string, track: MediaStreamTrack}} remote @returns {Feed} */
  add({ id, track: media }) {
    const now = performance.now();
    const proof = this.#early.get(id) ?? null;
    const never = { frameAt: -Infinity, okAt: proof ? now : -Infinity, refusedAt: -Infinity };
    const feed = { id, media, proof, since: now, reason: "", frames: 0, ok: 0, ...never };
    this.#feeds.set(id, feed);
    this.#bySource = null;
    return feed;
  }

  /** @param {string} id @returns {Feed | undefined} the feed that went */
  remove(id) {
    const feed = this.#feeds.get(id);
    this.#feeds.delete(id);
    this.#early.delete(id);
    this.#bySource = null;
    return feed;
  }

  /** The worker authenticated a frame. @param {{id: string} & Proof} proof */
  bind({ id, sourceId, track }) {
    this.#early.set(id, { sourceId, track });
    this.#known.add(sourceId);
    this.#bySource = null;
    const feed = this.#feeds.get(id);
    if (feed) {
      feed.proof = { sourceId, track };
      feed.okAt = performance.now();
    }
  }

  /** The worker threw a frame away. @param {string} id @param {string} code */
  refuse(id, code) {
    const feed = this.#feeds.get(id);
    if (feed) {
      feed.reason = code;
      feed.refusedAt = performance.now();
    }
  }

  /** @param {number} sourceId @param {Track[]} tracks */
  of(sourceId, tracks) {
    this.#bySource ??= Map.groupBy(this.#feeds.values(), ({ proof }) => proof?.sourceId ?? NOBODY);
    return (this.#bySource.get(sourceId) ?? []).filter(({ proof }) => proof !== null && tracks.includes(proof.track));
  }

  /** Does a track of this source arrive, whether it can be unlocked or not? @param {number} sourceId @param {Track} track */
  arrives(sourceId, track) {
    return this.of(sourceId, [track]).some(({ okAt, refusedAt }) => isWithin(Math.max(okAt, refusedAt), QUIET_MS));
  }

  /** The track to play, of those that the source sent the latest arrived. @param {number} sourceId @param {Track} track */
  mediaOf(sourceId, track) {
    const [latest] = this.of(sourceId, [track]).sort((one, other) => other.okAt - one.okAt);
    return latest?.media ?? null;
  }

  /** Is somebody's microphone off, as far as can be told: does no sound of his arrive? @param {number} sourceId */
  isMute(sourceId) {
    return !this.of(sourceId, ["mic"]).some(({ okAt }) => isWithin(okAt, MUTED_MS));
  }

  /** Feeds whose frames have been nobody's for longer than `ms`. @param {number} ms @returns {Feed[]} */
  strangers(ms) {
    return [...this.#feeds.values()].filter(({ proof, since, frameAt }) => proof === null && !isWithin(since, ms) && isWithin(frameAt, QUIET_MS));
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

  /** What may be said of the lock of somebody's tracks. @param {number} sourceId @param {Track[]} tracks @returns {LockState} */
  lockOf(sourceId, tracks) {
    const feeds = this.of(sourceId, tracks);
    // A voice that can be unlocked does not speak for a picture that cannot.
    if (feeds.some(isUnreadable)) {
      return "unreadable";
    }
    if (feeds.some(({ okAt }) => isWithin(okAt, QUIET_MS))) {
      return "encrypted";
    }
    return this.#known.has(sourceId) ? "silent" : "waiting";
  }

  /** Why frames of these tracks were thrown away last, a code of the worker. @param {number} sourceId @param {Track[]} tracks */
  reasonOf(sourceId, tracks) {
    return this.of(sourceId, tracks).find(isUnreadable)?.reason ?? "";
  }
}

/** @param {Feed} feed */
function isUnreadable({ okAt, refusedAt }) {
  return isWithin(refusedAt, QUIET_MS) && !isWithin(okAt, QUIET_MS);
}

/** @param {number} at @param {number} ms */
function isWithin(at, ms) {
  return performance.now() - at < ms;
}
