/** A sender key as its receivers hold it: opens frames, remembers counters, ends. */

import { MediaKeyError } from "../crypto/errors.js";
import { AES_128_GCM_SHA256_128, AES_256_GCM_SHA512_128, decryptFrame, deriveFrameKey } from "../crypto/sframe.js";
import { ReplayWindow } from "./replay_window.js";

/** @typedef {import("../crypto/bytes.js").Bytes} Bytes */
/** @typedef {import("./metadata.js").Track} Track */
/** @typedef {import("./encoded_frame.js").ProtectedFrame} ProtectedFrame */

const SUITES = [AES_256_GCM_SHA512_128, AES_128_GCM_SHA256_128];

export class ReceiveKey {
  #frameKeys;
  /** @type {Map<Track, ReplayWindow>} */
  #windows = new Map();
  /** @type {Set<Track>} */
  #endedTracks = new Set();
  #endsAt = Infinity;
  #isAdopted = false;

  /**
   * @param {{kid: bigint, epoch: number, ektEpoch: number}} name
   * @param {import("../crypto/sframe.js").FrameKey[]} frameKeys one for each suite that the sender may use
   */
  constructor({ kid, epoch, ektEpoch }, frameKeys) {
    this.kid = kid;
    this.epoch = epoch;
    this.ektEpoch = ektEpoch;
    this.#frameKeys = frameKeys;
  }

  /**
   * @param {{kid: bigint, epoch: number, ektEpoch: number}} name
   * @param {Bytes} senderKey 32 bytes, zero-filled here
   * @returns {Promise<ReceiveKey>}
   */
  static async derive(name, senderKey) {
    const input = { baseKey: senderKey, kid: name.kid, usage: /** @type {const} */ ("decrypt") };
    try {
      return new ReceiveKey(name, await Promise.all(SUITES.map((suite) => deriveFrameKey({ ...input, suite }))));
    } finally {
      senderKey.fill(0);
    }
  }

  /** @param {ReceiveKey} other @returns {boolean} */
  isOlderThan(other) {
    return this.epoch < other.epoch || (this.epoch === other.epoch && this.ektEpoch < other.ektEpoch);
  }

  /** @returns {boolean} true once a frame was opened by it: before that it is pending */
  get isAdopted() {
    return this.#isAdopted;
  }

  /** End at `at`, or before where that was said already. @param {number} at ms, monotonic */
  endAt(at) {
    this.#endsAt = Math.min(this.#endsAt, at);
  }

  /** End for one track now. @param {Track} track */
  endTrack(track) {
    this.#endedTracks.add(track);
  }

  /** @param {number} now ms, monotonic @returns {boolean} */
  isOver(now) {
    return now >= this.#endsAt;
  }

  /**
   * Open a frame. Nothing is remembered of it before `accept` has returned.
   *
   * @param {ProtectedFrame} frame
   * @param {{now: () => number, accept: (now: number) => void}} rules `accept` has the last word and may throw
   * @returns {Promise<Bytes>} the plaintext
   * @throws {MediaKeyError} replayed, sframe_authentication, key_ended
   */
  async open(frame, { now, accept }) {
    const window = this.#windowOf(frame.track);
    this.#checkUsable(frame, window, now());
    let [frameKey] = this.#frameKeys;
    let plaintext;
    try {
      plaintext = await decryptFrame(frameKey, frame);
    } catch {
      frameKey = this.#otherThan(frameKey);
      plaintext = await decryptFrame(frameKey, frame).catch(refuse);
    }
    // The world may have moved on while the frame was being decrypted.
    const openedAt = now();
    this.#checkUsable(frame, window, openedAt);
    accept(openedAt);
    if (this.#frameKeys.length > 1) this.#frameKeys = [frameKey];
    this.#isAdopted = true;
    window.mark(frame.ctr);
    return new Uint8Array(plaintext);
  }

  /** @param {ProtectedFrame} frame @param {ReplayWindow} window @param {number} now */
  #checkUsable({ track, ctr }, window, now) {
    if (this.isOver(now) || this.#endedTracks.has(track)) throw new MediaKeyError("key_ended");
    window.check(ctr);
  }

  /** The first frame tells the sender's suite; from then on there is one. @param {import("../crypto/sframe.js").FrameKey} tried */
  #otherThan(tried) {
    const other = this.#frameKeys.find((frameKey) => frameKey !== tried);
    return other ?? refuse();
  }

  /** @param {Track} track @returns {ReplayWindow} */
  #windowOf(track) {
    let window = this.#windows.get(track);
    if (window === undefined) this.#windows.set(track, (window = new ReplayWindow()));
    return window;
  }
}

/** @returns {never} */
function refuse() {
  throw new MediaKeyError("sframe_authentication");
}
