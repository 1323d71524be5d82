/** A sender key as its receivers hold it: opens frames, remembers counters, ends. */

import { MediaKeyError } from "../crypto/errors.js";
import { AES_128_GCM_SHA256_128, AES_256_GCM_SHA512_128, decryptFrame, deriveFrameKey } from "../crypto/sframe.js";
import { additionalDataOf } from "./encoded_frame.js";
import { ReplayWindow } from "./replay_window.js";

/** @typedef {import("../crypto/bytes.js").Bytes} Bytes */
/** @typedef {import("./metadata.js").Track} Track */
/** @typedef {import("./encoded_frame.js").ProtectedFrame} ProtectedFrame */
/** @typedef {import("../crypto/sframe.js").FrameKey} FrameKey */
/** @typedef {{sourceId: number, number: number, epoch: number, ektEpoch: number}} KeyName `number`: the lower half of its KID */

const SUITES = [AES_256_GCM_SHA512_128, AES_128_GCM_SHA256_128];

export class ReceiveKey {
  #frameKeys;
  /** Of tracks that were heard. @type {Map<Track, ReplayWindow>} */
  #windows = new Map();
  /** @type {Set<Track>} */
  #endedTracks = new Set();
  #endsAt = Infinity;
  #isAdopted = false;

  /**
   * @param {KeyName} name
   * @param {FrameKey[]} frameKeys one for each suite that the sender may use
   */
  constructor({ number, epoch, ektEpoch }, frameKeys) {
    this.number = number;
    this.epoch = epoch;
    this.ektEpoch = ektEpoch;
    this.#frameKeys = frameKeys;
  }

  /**
   * @param {KeyName} name
   * @param {Bytes} senderKey 32 bytes, zero-filled here
   * @returns {Promise<ReceiveKey>}
   */
  static async derive(name, senderKey) {
    const kid = { kidHigh: name.sourceId, kidLow: name.number };
    const input = { baseKey: senderKey, ...kid, usage: /** @type {const} */ ("decrypt") };
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
   * Check that a frame may be opened now; asked again when it was, for the world may have moved on meanwhile.
   *
   * @param {ProtectedFrame} frame
   * @param {number} now ms, monotonic
   * @throws {MediaKeyError} key_ended, replayed
   */
  check(frame, now) {
    if (this.isOver(now) || this.#endedTracks.has(frame.track)) throw new MediaKeyError("key_ended");
    this.#windows.get(frame.track)?.check(frame);
  }

  /**
   * Decrypt a frame; nothing is remembered but the sender's suite.
   *
   * @param {ProtectedFrame} frame
   * @returns {Promise<ArrayBuffer>} the plaintext; refused where the frame is not authentic
   */
  decrypt(frame) {
    if (this.#frameKeys.length > 1) return this.#tryEach(frame);
    return decryptFrame(this.#frameKeys[0], frame, additionalDataOf(frame));
  }

  /** A frame was opened and let in: it does not open again. @param {ProtectedFrame} frame */
  remember(frame) {
    let window = this.#windows.get(frame.track);
    if (window === undefined) this.#windows.set(frame.track, (window = new ReplayWindow()));
    this.#isAdopted = true;
    window.mark(frame);
  }

  /** The first frame tells which suite the sender uses; from then on there is one. @param {ProtectedFrame} frame */
  async #tryEach(frame) {
    const [first, second] = this.#frameKeys;
    const open = async (/** @type {FrameKey} */ frameKey) => {
      const plaintext = await decryptFrame(frameKey, frame, additionalDataOf(frame));
      this.#frameKeys = [frameKey];
      return plaintext;
    };
    return open(first).catch(() => open(second));
  }
}
