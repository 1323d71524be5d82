/**
 * The tail of an encoded frame: a ShortEKTField, or a signature and a FullEKTField (RFC 8870, docs/protocol.md section 6).
 *
 * Everything is read from the last byte on. Nothing here is authentic before its signature was checked.
 */

import { concat, readU16, readU32, u16, u32 } from "./bytes.js";
import { MediaKeyError } from "./errors.js";

/** @typedef {import("./bytes.js").Bytes} Bytes */
/**
 * @typedef {object} FullEKTField
 * @property {Bytes} bytes the field as it came, 63 bytes
 * @property {Bytes} signature 64 bytes
 * @property {Bytes} ciphertext 56 bytes
 * @property {number} spi
 * @property {number} ektEpoch
 */
/** @typedef {{length: number, full: FullEKTField | null}} Tail `length`: bytes at the end of the frame; null: Short */

export const SENDER_KEY_BYTES = 32;
export const SHORT_EKT_FIELD = Uint8Array.of(0);

const FULL_TYPE = 2;
const CIPHERTEXT_BYTES = 56;
const FULL_BYTES = CIPHERTEXT_BYTES + 7;
const SIGNATURE_BYTES = 64;
const PLAINTEXT_BYTES = 1 + SENDER_KEY_BYTES + 8;

/**
 * Find the tail of `frame`.
 *
 * @param {Bytes} frame
 * @returns {Tail}
 * @throws {MediaKeyError} ekt_empty, ekt_type (no type of RFC 8870 that we speak), ekt_length
 */
export function parseTail(frame) {
  const end = frame.length;
  if (end === 0) throw new MediaKeyError("ekt_empty");
  if (frame[end - 1] === SHORT_EKT_FIELD[0]) return { length: 1, full: null };
  if (frame[end - 1] !== FULL_TYPE) throw new MediaKeyError("ekt_type");
  const length = SIGNATURE_BYTES + FULL_BYTES;
  if (end < length || readU16(frame, end - 3) !== FULL_BYTES) throw new MediaKeyError("ekt_length");
  const bytes = frame.slice(end - FULL_BYTES);
  const full = {
    bytes,
    signature: frame.slice(end - length, end - FULL_BYTES),
    ciphertext: bytes.slice(0, CIPHERTEXT_BYTES),
    spi: readU16(bytes, CIPHERTEXT_BYTES),
    ektEpoch: readU16(bytes, CIPHERTEXT_BYTES + 2),
  };
  return { length, full };
}

/**
 * Encode a FullEKTField.
 *
 * @param {{ciphertext: Bytes, spi: number, ektEpoch: number}} field `ciphertext` 56 bytes
 * @returns {Bytes} 63 bytes
 */
export function encodeFullField({ ciphertext, spi, ektEpoch }) {
  return concat(ciphertext, u16(spi), u16(ektEpoch), u16(FULL_BYTES), Uint8Array.of(FULL_TYPE));
}

/** EKTPlaintext. @param {{senderKey: Bytes, sourceId: number}} content @returns {Bytes} 41 bytes */
export function encodePlaintext({ senderKey, sourceId }) {
  return concat(Uint8Array.of(senderKey.length), senderKey, u32(sourceId), u32(0));
}

/**
 * Take the sender key out of an EKTPlaintext, which is zero-filled.
 *
 * @param {Bytes} plaintext
 * @param {number} sourceId the source whose frame carried the field
 * @returns {Bytes} 32 bytes; the caller zero-fills them
 * @throws {MediaKeyError} ekt_key_length, ekt_ssrc, ekt_roc
 */
export function takeSenderKey(plaintext, sourceId) {
  try {
    if (plaintext.length !== PLAINTEXT_BYTES || plaintext[0] !== SENDER_KEY_BYTES) throw new MediaKeyError("ekt_key_length");
    if (readU32(plaintext, 1 + SENDER_KEY_BYTES) !== sourceId) throw new MediaKeyError("ekt_ssrc");
    if (readU32(plaintext, 5 + SENDER_KEY_BYTES) !== 0) throw new MediaKeyError("ekt_roc");
    return plaintext.slice(1, 1 + SENDER_KEY_BYTES);
  } finally {
    plaintext.fill(0);
  }
}
