/**
 * The keys of everybody we receive: which source may be heard, under which key, until when.
 *
 * Only the newest EKT key is held: from its arrival on no new sender key is taken under an older one. Those that were announced
 * before end with their sender's first frame of the newer epoch, 2 s after the arrival at the latest.
 */

import { MediaKeyError, codeOf } from "../crypto/errors.js";
import { joinDecoded, parseEncodedFrame } from "./encoded_frame.js";
import { SourceKeys } from "./source_keys.js";

/** @typedef {import("../crypto/bytes.js").Bytes} Bytes */
/** @typedef {import("../crypto/ekt_field.js").FullEKTField} FullEKTField */
/** @typedef {import("./metadata.js").Track} Track */
/** @typedef {import("./metadata.js").Codec} Codec */
/** @typedef {import("./source_keys.js").Announcement} Announcement */
/** @typedef {import("./source_keys.js").Epoch} Epoch */
/**
 * @typedef {object} OpenedFrame
 * @property {Bytes} data clear prefix and plaintext: what the decoder takes
 * @property {number} sourceId
 * @property {number} kind
 * @property {string | null} fieldCode why the frame's FullEKTField was not taken, though the frame was
 */

const OLD_KEY_MS = 2000;
const EKT_EPOCHS = 0x10000;

export class KeyRing {
  #conferenceId;
  #now;
  /** @type {number | null} */
  #ownSourceId = null;
  /** @type {Epoch | null} */
  #epoch = null;
  /** @type {Map<number, SourceKeys>} */
  #sources = new Map();
  /** What was announced before we came is not heard. @type {{epoch: number, ektEpoch: number} | null} */
  #heardFrom = null;
  #version = 0;
  /** @type {Set<() => void>} */
  #waiting = new Set();

  /** @param {{conferenceId: string, now: () => number}} options `now`: ms, monotonic */
  constructor({ conferenceId, now }) {
    this.#conferenceId = conferenceId;
    this.#now = now;
  }

  /** @param {number} sourceId our own: frames of ours that come back are refused */
  setOwnSource(sourceId) {
    this.#ownSourceId = sourceId;
  }

  /** @param {Epoch} epoch newer than all before */
  setEpoch(epoch) {
    this.#epoch = epoch;
    for (const source of this.#sources.values()) source.endEpoch(this.#now() + OLD_KEY_MS);
    setTimeout(() => this.#purge(), OLD_KEY_MS);
    this.#wake();
  }

  /**
   * We came with this roster change: a sender key of the same epoch that was made before it is not taken, so that nobody can
   * play us what was sent before we came ([PERC] 4.8). Later epochs began after us.
   *
   * @param {{epoch: number, number: number}} join
   */
  hearFrom({ epoch, number }) {
    this.#heardFrom = { epoch, ektEpoch: number % EKT_EPOCHS };
  }

  /** @param {Map<number, Uint8Array<ArrayBuffer>>} roster identity key by source id; everybody else is dropped at once */
  setRoster(roster) {
    const sources = new Map();
    for (const [sourceId, identityKey] of roster) {
      const known = this.#sources.get(sourceId);
      const source = known?.isOf(identityKey) ? known : null;
      sources.set(sourceId, source ?? new SourceKeys({ sourceId, identityKey, conferenceId: this.#conferenceId }));
    }
    this.#sources = sources;
    this.#wake();
  }

  /** The EKT key's time is over: drop it and all sender keys; the roster stays. */
  expire() {
    this.#epoch = null;
    for (const source of this.#sources.values()) source.end();
    this.#purge();
  }

  /** Drop the EKT key and every source. */
  clear() {
    this.expire();
    this.#heardFrom = null;
    this.#sources = new Map();
  }

  /** Counts new keys, epochs and rosters. */
  get version() {
    return this.#version;
  }

  /**
   * Wait for the next new key, epoch or roster.
   *
   * @param {number} version what was seen last: where there is something newer already, nobody waits
   * @param {number} ms at most
   * @returns {Promise<void>}
   */
  async changedSince(version, ms) {
    if (version !== this.#version) return;
    await new Promise((/** @type {(value: void) => void} */ resolve) => {
      const settle = () => {
        this.#waiting.delete(settle);
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(settle, ms);
      this.#waiting.add(settle);
    });
  }

  /**
   * Open an encoded frame.
   *
   * @param {{bytes: Bytes, track: Track, codec: Codec, claim: (sourceId: number, now: number) => void}} encoded `claim` is asked
   *   once the frame is authentic, and may refuse by throwing
   * @returns {Promise<OpenedFrame>}
   * @throws {MediaKeyError} with the code of what is wrong; `unknown_kid` and `ekt_spi` may pass when keys change
   */
  async openFrame({ bytes, track, codec, claim }) {
    // To open a frame:
    //   1. take it apart from its last byte on
    //   2. find its source in the roster
    //   3. find its key: one that is kept, or the one that this frame announces
    //   4. authenticate it; only then is anything remembered
    //   5. keep the key it announces for later

    // (1)
    const frame = parseEncodedFrame(bytes, track, codec);
    const { full, kidHigh: sourceId, kidLow: number } = frame;
    // (2)
    const source = this.#source(sourceId);
    // (3)
    const news = full !== null && !source.repeats(full) ? full : null;
    const found = source.find(number);
    const announcement = found === null ? await this.#announcedHere(source, news, number) : null;
    const key = found ?? /** @type {Announcement} */ (announcement).key;
    // (4)
    key.check(frame, this.#now());
    let plaintext;
    try {
      plaintext = await key.decrypt(frame);
    } catch {
      throw new MediaKeyError("sframe_authentication");
    }
    const now = this.#now();
    key.check(frame, now);
    if (this.#sources.get(sourceId) !== source) throw new MediaKeyError("not_in_roster");
    if (announcement !== null) this.#keep(source, announcement);
    claim(sourceId, now);
    source.adopt(key, track, now);
    key.remember(frame);
    // (5)
    const fieldCode = found !== null && news !== null ? await this.#keepAnnounced(source, news) : null;
    return { data: joinDecoded(frame, plaintext), sourceId, kind: frame.kind, fieldCode };
  }

  /** @param {number} sourceId @returns {SourceKeys} */
  #source(sourceId) {
    if (sourceId === this.#ownSourceId) throw new MediaKeyError("own_source");
    const source = this.#sources.get(sourceId);
    if (source === undefined) throw new MediaKeyError("not_in_roster");
    return source;
  }

  /** @param {SourceKeys} source @param {FullEKTField | null} full @param {number} number the lower half of the frame's KID */
  async #announcedHere(source, full, number) {
    if (full === null) throw new MediaKeyError("unknown_kid");
    const announcement = await this.#open(source, full);
    if (announcement.key.number !== number) throw new MediaKeyError("unknown_kid");
    return announcement;
  }

  /** @param {SourceKeys} source @param {FullEKTField} full @returns {Promise<string | null>} the code where it was not kept */
  async #keepAnnounced(source, full) {
    try {
      this.#keep(source, await this.#open(source, full));
      this.#wake();
      return null;
    } catch (error) {
      return codeOf(error, "transform_failed");
    }
  }

  /** @param {SourceKeys} source @param {FullEKTField} full */
  #open(source, full) {
    const floor = this.#heardFrom;
    const isOfJoin = floor !== null && this.#epoch?.epoch === floor.epoch && full.spi === this.#epoch.spi;
    const isOld = isOfJoin && full.ektEpoch < floor.ektEpoch;
    if (isOld) throw new MediaKeyError("ekt_epoch");
    return source.open(full, this.#epoch, this.#now);
  }

  /** @param {SourceKeys} source @param {Announcement} announcement */
  #keep(source, announcement) {
    // A rekey, or the end of the key's time, may have come while the field was being opened.
    const now = this.#now();
    const isOver = this.#epoch === null || now >= this.#epoch.expiresAt;
    if (isOver || this.#epoch?.epoch !== announcement.key.epoch) throw new MediaKeyError("ekt_spi");
    announcement.key.endAt(this.#epoch.expiresAt);
    source.keep(announcement, now);
  }

  #purge() {
    const now = this.#now();
    for (const source of this.#sources.values()) source.purge(now);
  }

  #wake() {
    this.#version += 1;
    for (const settle of [...this.#waiting]) settle();
  }
}
