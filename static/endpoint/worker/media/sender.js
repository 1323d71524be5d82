/**
 * Our sender keys over the epochs: one in use, at most one announced.
 *
 * After a rekey the next key is announced at once and used 250 ms later ([PERC] 4.8, RFC 8870 section 4.3). If rekeys
 * follow each other faster than that, the old key ends 1 s after the first of them all the same. A key that protected nothing
 * before the next one is made is never used: its receivers may not know it, and would not take it any more.
 */

import { MediaKeyError } from "../crypto/errors.js";
import { AES_256_GCM_SHA512_128 } from "../crypto/sframe.js";
import { Announcements } from "./announcements.js";
import { describeFrame } from "./metadata.js";
import { SenderKey } from "./sender_key.js";

/** @typedef {import("../crypto/bytes.js").Bytes} Bytes */
/** @typedef {import("./metadata.js").Track} Track */
/** @typedef {import("./metadata.js").Codec} Codec */
/** @typedef {import("./source_keys.js").Epoch} Epoch */

const ANNOUNCED_MS = 250;
const LONGEST_MS = 1000;
/** A timer may be a little early by our clock. */
const TIMER_SLACK_MS = 5;
/** `ekt_epoch` is the low half of a roster number: 16 bits (docs/protocol.md section 6). */
const EKT_EPOCHS = 0x10000;
/** What AES-GCM allows is more; nobody sends so many frames before the next epoch, which comes after minutes. */
const COUNTER_LIMIT = 2 ** 32;

/** Of a track without layers. */
const oneSource = () => 0;

export class Sender {
  #profile;
  #now;
  /** @type {{sourceId: number, privateKey: CryptoKey} | null} */
  #identity = null;
  /** @type {Epoch | null} */
  #epoch = null;
  #lastEKTEpoch = -1;
  /** @type {SenderKey | null} */
  #current = null;
  /** @type {{key: SenderKey, switchAt: number} | null} */
  #next = null;
  /** When the first key was announced that is not in use yet. @type {number | null} */
  #waitingSince = null;
  /** What was in use before a key that has protected nothing yet, until when it might be. @type {{key: SenderKey, waitingSince: number} | null} */
  #before = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #switch = undefined;
  #announcements = new Announcements();

  /** @param {{conferenceId: string, now: () => number, suite?: number, counterLimit?: number}} options `now`: ms, monotonic */
  constructor({ conferenceId, now, suite = AES_256_GCM_SHA512_128, counterLimit = COUNTER_LIMIT }) {
    this.#profile = { conferenceId, suite, counterLimit };
    this.#now = now;
  }

  /** @param {{sourceId: number, privateKey: CryptoKey}} identity before the first epoch; what was made under another is dropped */
  setIdentity(identity) {
    this.#dropKeys();
    this.#identity = identity;
  }

  /**
   * Begin an epoch: make and announce a sender key for it.
   *
   * @param {Epoch} epoch newer than all before
   * @param {number} number of a roster change that is not younger than it
   * @returns {Promise<void>} settles when the key is announced, or overtaken
   */
  async begin(epoch, number) {
    this.#epoch = epoch;
    this.#next = null;
    this.#lastEKTEpoch = -1;
    await this.#renew(number % EKT_EPOCHS);
  }

  /**
   * The roster changed: a sender key from before is not heard by who came with the change.
   *
   * @param {number} number of the change
   * @returns {Promise<void>}
   */
  async follow(number) {
    if (number % EKT_EPOCHS > this.#lastEKTEpoch) await this.#renew(number % EKT_EPOCHS);
  }

  /** Drop the EKT key and every sender key; the identity stays. */
  clear() {
    this.#epoch = null;
    this.#dropKeys();
  }

  /** Drop every key, that of the identity too. */
  forget() {
    this.clear();
    this.#identity = null;
  }

  /**
   * Protect a frame of the encoder.
   *
   * @param {{bytes: Bytes, track: Track, codec: Codec, rtpSource?: () => number}} frame `rtpSource`: which layer of its track
   * @returns {Promise<{data: Bytes, kind: number}>} `clear prefix ‖ SFrame ‖ tail`
   * @throws {MediaKeyError} no_key, counter_exhausted, frame_too_short
   */
  async protect({ bytes, track, codec, rtpSource = oneSource }) {
    const { prefixLength, kind } = describeFrame(codec, bytes, bytes.length);
    const now = this.#now();
    const key = this.#keyAt(now);
    this.#before = null;
    const tail = this.#announcements.isDue({ track, kind, rtpSource }, now) ? (this.#next?.key ?? key).tail : null;
    const { data, at, ciphertext } = key.seal({ bytes, prefixLength, kind, track, codec }, tail);
    data.set(new Uint8Array(await ciphertext), at);
    return { data, kind };
  }

  /**
   * Make and announce a sender key under the EKT key of now. Its number is always one of the roster's: a key of a higher number
   * would be taken by who joins later, though it was used before (ADR 0022).
   *
   * @param {number} ektEpoch above all before
   * @returns {Promise<void>}
   */
  async #renew(ektEpoch) {
    const epoch = this.#epoch;
    const identity = this.#identity;
    if (epoch === null || identity === null) return;
    this.#lastEKTEpoch = ektEpoch;
    this.#takeBack();
    const sender = { ...identity, ...this.#profile };
    const key = await SenderKey.make(sender, epoch, ektEpoch);
    const overtaken = this.#epoch !== epoch || this.#identity !== identity || this.#lastEKTEpoch !== ektEpoch;
    if (!overtaken) this.#announce(key);
  }

  /** @param {SenderKey} key */
  #announce(key) {
    const now = this.#now();
    this.#announcements = new Announcements();
    if (this.#current === null) {
      this.#current = key;
      return;
    }
    this.#waitingSince ??= now;
    const switchAt = Math.min(now + ANNOUNCED_MS, this.#waitingSince + LONGEST_MS);
    this.#next = { key, switchAt };
    // Who is muted switches too: an old key must not wait for his next word.
    clearTimeout(this.#switch);
    this.#switch = setTimeout(() => this.#switchIfDue(this.#now()), switchAt - now + TIMER_SLACK_MS);
  }

  /** A key that protected nothing gives way to the one before it; whose time is over, as who left since may know it, to the next at once. */
  #takeBack() {
    const before = this.#before;
    this.#before = null;
    const now = this.#now();
    if (before === null || this.#current === null || now >= this.#current.expiresAt) return;
    const isOver = now >= before.waitingSince + LONGEST_MS;
    this.#current = isOver ? null : before.key;
    this.#waitingSince = isOver ? null : before.waitingSince;
  }

  #dropKeys() {
    clearTimeout(this.#switch);
    this.#current = null;
    this.#before = null;
    this.#next = null;
    this.#waitingSince = null;
  }

  /** @param {number} now */
  #switchIfDue(now) {
    const next = this.#next;
    if (next === null || (now < next.switchAt && this.#current !== null && now < this.#current.expiresAt)) return;
    if (this.#current !== null) this.#before = { key: this.#current, waitingSince: this.#waitingSince ?? now };
    this.#current = next.key;
    this.#next = null;
    this.#waitingSince = null;
    this.#announcements = new Announcements();
  }

  /** @param {number} now @returns {SenderKey} */
  #keyAt(now) {
    this.#switchIfDue(now);
    if (this.#current === null || now >= this.#current.expiresAt) throw new MediaKeyError("no_key");
    return this.#current;
  }
}
