/**
 * The sender keys of one source: announced, pending, adopted, ended (docs/protocol.md section 6, RFC 8870 section 4.3).
 *
 * A key counts as announced when its field is signed by the source's identity key, names the newest EKT key and a higher
 * ekt_epoch than before; it is kept only when the frame that carried it was authentic.
 */

import { equalBytes } from "../crypto/bytes.js";
import { takeSenderKey } from "../crypto/ekt_field.js";
import { MediaKeyError } from "../crypto/errors.js";
import { checkSenderKey, importIdentityKey } from "../crypto/identity.js";
import { unwrap } from "../crypto/kwp.js";
import { KeyBudget } from "./key_budget.js";
import { keyNumber } from "./kid.js";
import { ReceiveKey } from "./receive_key.js";

/** @typedef {import("../crypto/ekt_field.js").FullEKTField} FullEKTField */
/** @typedef {import("./metadata.js").Track} Track */
/** @typedef {{epoch: number, spi: number, ektKey: CryptoKey, expiresAt: number}} Epoch `expiresAt`: ms, monotonic */
/** @typedef {{field: Uint8Array, key: ReceiveKey}} Announcement */

/** An older key of the same sender opens his other tracks, whose frames may still be on their way, for so long. */
const OTHER_TRACKS_MS = 500;
const MOST_PENDING = 4;

export class SourceKeys {
  #sourceId;
  #identityKey;
  #conferenceId;
  /** @type {Promise<CryptoKey> | null} */
  #verifier = null;
  /** @type {Map<number, ReceiveKey>} by the lower half of its KID */
  #keys = new Map();
  /** @type {Announcement | null} */
  #latest = null;
  /** @type {{full: FullEKTField, epoch: Epoch, announcement: Promise<Announcement>} | null} */
  #opening = null;
  #budget = new KeyBudget();

  /** @param {{sourceId: number, identityKey: Uint8Array<ArrayBuffer>, conferenceId: string}} source */
  constructor({ sourceId, identityKey, conferenceId }) {
    this.#sourceId = sourceId;
    this.#identityKey = identityKey;
    this.#conferenceId = conferenceId;
  }

  /** @param {Uint8Array} identityKey @returns {boolean} */
  isOf(identityKey) {
    return equalBytes(this.#identityKey, identityKey);
  }

  /** @param {number} number the lower half of a KID @returns {ReceiveKey | null} */
  find(number) {
    return this.#keys.get(number) ?? null;
  }

  /** Does `full` repeat what was kept last, byte for byte? @param {FullEKTField} full @returns {boolean} */
  repeats(full) {
    return this.#latest !== null && equalBytes(this.#latest.field, full.bytes);
  }

  /**
   * Verify and open a field; nothing is kept. Frames of several tracks that bring the same field share the work.
   *
   * @param {FullEKTField} full
   * @param {Epoch | null} epoch the newest one
   * @param {() => number} now ms, monotonic
   * @returns {Promise<Announcement>}
   * @throws {MediaKeyError} ekt_spi, ekt_epoch, ekt_signature, ekt_rate, ekt_unwrap, ekt_key_length, ekt_ssrc, ekt_roc
   */
  async open(full, epoch, now) {
    const known = this.#checkOrder(full, epoch);
    if (this.#opening?.epoch !== known || !isSame(this.#opening.full, full)) {
      this.#opening = { full, epoch: known, announcement: this.#verifyAndUnwrap(full, known, now) };
    }
    const opening = this.#opening;
    try {
      return await opening.announcement;
    } catch (error) {
      if (this.#opening === opening) this.#opening = null;
      throw error;
    }
  }

  /**
   * Keep a key whose carrying frame was authentic: it is pending until a frame names it.
   *
   * @param {Announcement} announcement
   * @param {number} now ms, monotonic
   * @throws {MediaKeyError} ekt_epoch: another one was kept in the meantime
   */
  keep(announcement, now) {
    const { key, field } = announcement;
    if (this.#keys.get(key.number) === key) return;
    if (this.#latest !== null && !this.#latest.key.isOlderThan(key)) throw new MediaKeyError("ekt_epoch");
    this.#latest = { key, field };
    this.#opening = null;
    this.#keys.set(key.number, key);
    this.purge(now);
    const pending = [...this.#keys.values()].filter((each) => !each.isAdopted);
    if (pending.length > MOST_PENDING) this.#keys.delete(pending[0].number);
  }

  /** A frame of `track` was opened by `key`: the older keys end. @param {ReceiveKey} key @param {Track} track @param {number} now */
  adopt(key, track, now) {
    if (this.#keys.size === 1) return;
    for (const older of this.#keys.values()) {
      if (!older.isOlderThan(key)) continue;
      older.endTrack(track);
      older.endAt(now + OTHER_TRACKS_MS);
    }
  }

  /** A newer epoch began: every key ends then, at the latest. What was announced may be in use already, with frames on their way. @param {number} at */
  endEpoch(at) {
    for (const key of this.#keys.values()) key.endAt(at);
    // It holds the EKT key of its epoch.
    this.#opening = null;
  }

  /** Every key is over. */
  end() {
    this.endEpoch(-Infinity);
  }

  /** Forget keys that are over. @param {number} now ms, monotonic */
  purge(now) {
    for (const [number, key] of this.#keys) if (key.isOver(now)) this.#keys.delete(number);
  }

  /** @param {FullEKTField} full @param {Epoch | null} epoch @returns {Epoch} */
  #checkOrder(full, epoch) {
    if (epoch === null || full.spi !== epoch.spi) throw new MediaKeyError("ekt_spi");
    const latest = this.#latest?.key;
    if (latest?.epoch === epoch.epoch && full.ektEpoch <= latest.ektEpoch) throw new MediaKeyError("ekt_epoch");
    return epoch;
  }

  /** @param {FullEKTField} full @param {Epoch} epoch @param {() => number} now @returns {Promise<Announcement>} */
  async #verifyAndUnwrap(full, epoch, now) {
    this.#verifier ??= importIdentityKey(this.#identityKey);
    const publicKey = await this.#verifier;
    await checkSenderKey({ publicKey, conferenceId: this.#conferenceId, field: full.bytes, signature: full.signature });
    // What is signed is the source's own doing: nobody else can use up its budget.
    this.#budget.spend(now());
    const plaintext = await unwrap(epoch.ektKey, full.ciphertext).catch(() => {
      throw new MediaKeyError("ekt_unwrap");
    });
    const senderKey = takeSenderKey(plaintext, this.#sourceId);
    const number = keyNumber(full.spi, full.ektEpoch);
    const name = { sourceId: this.#sourceId, number, epoch: epoch.epoch, ektEpoch: full.ektEpoch };
    const key = await ReceiveKey.derive(name, senderKey);
    return { field: full.bytes, key };
  }
}

/** @param {FullEKTField} a @param {FullEKTField} b @returns {boolean} the signature counts too */
function isSame(a, b) {
  return equalBytes(a.bytes, b.bytes) && equalBytes(a.signature, b.signature);
}
