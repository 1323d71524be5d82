/**
 * SFrame (RFC 9605): header, key derivation, and AES-GCM suites 4 and 5.
 *
 * One WebCrypto call a frame, whose promise is handed on as it is: each `async` function between it and the one who waits would
 * cost a turn of its own. KID and CTR are kept as two numbers of 32 bits each: a bigint costs more than they, on every frame.
 */

import { concat, u16, u32, utf8 } from "./bytes.js";
import { MediaKeyError } from "./errors.js";
import { SFRAME_KEY_LABEL, SFRAME_SALT_LABEL } from "./labels.js";

/** @typedef {import("./bytes.js").Bytes} Bytes */
/** @typedef {{kidHigh: number, kidLow: number, ctrHigh: number, ctrLow: number}} Header each 0 … 2^32-1 */
/**
 * @typedef {object} FrameKey of one KID
 * @property {CryptoKey} key AES-GCM, not extractable, one usage
 * @property {Bytes} salt 12 bytes
 */

export const AES_128_GCM_SHA256_128 = 4;
export const AES_256_GCM_SHA512_128 = 5;
export const TAG_BYTES = 16;

const SALT_BITS = 96;
/** @type {Record<number, {hash: string, bits: number}>} */
const SUITES = { 4: { hash: "SHA-256", bits: 128 }, 5: { hash: "SHA-512", bits: 256 } };

/**
 * Derive the key and salt of one KID (RFC 9605 section 4.4.2).
 *
 * @param {{baseKey: Bytes, kidHigh: number, kidLow: number, suite: number, usage: "encrypt" | "decrypt"}} input
 * @returns {Promise<FrameKey>}
 * @throws {MediaKeyError} sframe_suite
 */
export async function deriveFrameKey({ baseKey, kidHigh, kidLow, suite, usage }) {
  if (!(suite in SUITES)) throw new MediaKeyError("sframe_suite");
  const { hash, bits } = SUITES[suite];
  const input = await crypto.subtle.importKey("raw", baseKey, "HKDF", false, ["deriveKey", "deriveBits"]);
  /** @param {string} label */
  const derivation = (label) => {
    const info = concat(utf8(label), u32(kidHigh), u32(kidLow), u16(suite));
    return { name: "HKDF", hash, salt: new Uint8Array(0), info };
  };
  const cipher = { name: "AES-GCM", length: bits };
  const [key, salt] = await Promise.all([
    crypto.subtle.deriveKey(derivation(SFRAME_KEY_LABEL), input, cipher, false, [usage]),
    crypto.subtle.deriveBits(derivation(SFRAME_SALT_LABEL), input, SALT_BITS),
  ]);
  return { key, salt: new Uint8Array(salt) };
}

/**
 * Encrypt one frame.
 *
 * @param {FrameKey} frameKey
 * @param {{ctrHigh: number, ctrLow: number, plaintext: Bytes}} frame the counter was never used before under this key
 * @param {Bytes} additionalData header and metadata; copied before this returns
 * @returns {Promise<ArrayBuffer>} the ciphertext, with the tag as its end
 */
export function encryptFrame({ key, salt }, { ctrHigh, ctrLow, plaintext }, additionalData) {
  return crypto.subtle.encrypt({ name: "AES-GCM", iv: ivOf(salt, ctrHigh, ctrLow), additionalData }, key, plaintext);
}

/**
 * Decrypt one frame.
 *
 * @param {FrameKey} frameKey
 * @param {{ctrHigh: number, ctrLow: number, ciphertext: Bytes}} frame with the tag
 * @param {Bytes} additionalData header and metadata; copied before this returns
 * @returns {Promise<ArrayBuffer>} the plaintext; refused by the platform's own error where the frame is not authentic
 */
export function decryptFrame({ key, salt }, { ctrHigh, ctrLow, ciphertext }, additionalData) {
  return crypto.subtle.decrypt({ name: "AES-GCM", iv: ivOf(salt, ctrHigh, ctrLow), additionalData }, key, ciphertext);
}

/** WebCrypto copies the nonce before it returns its promise, so that one place serves for every frame. */
const ivBytes = new Uint8Array(SALT_BITS / 8);
const iv = new DataView(ivBytes.buffer);

/** Salt XOR counter. @param {Uint8Array} salt @param {number} ctrHigh @param {number} ctrLow @returns {Bytes} until the next call */
function ivOf(salt, ctrHigh, ctrLow) {
  ivBytes.set(salt);
  iv.setUint32(4, iv.getUint32(4) ^ ctrHigh);
  iv.setUint32(8, iv.getUint32(8) ^ ctrLow);
  return ivBytes;
}

/** @param {Header} header @returns {number} bytes of it when encoded: 1 to 17 */
export function headerLength({ kidHigh, kidLow, ctrHigh, ctrLow }) {
  return 1 + byteLength(kidHigh, kidLow) + byteLength(ctrHigh, ctrLow);
}

/**
 * Write a header: `X | K(3) | Y | C(3)`, then KID and CTR where they are 8 or more (RFC 9605 section 4.3).
 *
 * @param {Bytes} bytes
 * @param {number} at where in `bytes`
 * @param {Header} header
 */
export function putHeader(bytes, at, { kidHigh, kidLow, ctrHigh, ctrLow }) {
  const kidLength = byteLength(kidHigh, kidLow);
  const ctrLength = byteLength(ctrHigh, ctrLow);
  bytes[at] = ((kidLength === 0 ? kidLow : 8 | (kidLength - 1)) << 4) | (ctrLength === 0 ? ctrLow : 8 | (ctrLength - 1));
  putNumber(bytes, at + 1, kidLength, kidHigh, kidLow);
  putNumber(bytes, at + 1 + kidLength, ctrLength, ctrHigh, ctrLow);
}

/**
 * Parse a header; only the shortest form is taken.
 *
 * @param {Uint8Array} bytes
 * @param {number} [at] where in `bytes` it begins
 * @param {number} [end] of what belongs to the frame
 * @returns {Header & {length: number}}
 * @throws {MediaKeyError} sframe_header
 */
export function parseHeader(bytes, at = 0, end = bytes.length) {
  if (at >= end) throw new MediaKeyError("sframe_header");
  const first = bytes[at];
  const kidLength = first & 0x80 ? ((first >> 4) & 7) + 1 : 0;
  const ctrLength = first & 0x08 ? (first & 7) + 1 : 0;
  const ctrEnd = at + 1 + kidLength + ctrLength;
  if (end < ctrEnd) throw new MediaKeyError("sframe_header");
  const kidEnd = at + 1 + kidLength;
  const kidLow = kidLength === 0 ? (first >> 4) & 7 : getNumber(bytes, Math.max(at + 1, kidEnd - 4), kidEnd);
  const kidHigh = kidLength <= 4 ? 0 : getNumber(bytes, at + 1, kidEnd - 4);
  const ctrLow = ctrLength === 0 ? first & 7 : getNumber(bytes, Math.max(kidEnd, ctrEnd - 4), ctrEnd);
  const ctrHigh = ctrLength <= 4 ? 0 : getNumber(bytes, kidEnd, ctrEnd - 4);
  const isShortest = byteLength(kidHigh, kidLow) === kidLength && byteLength(ctrHigh, ctrLow) === ctrLength;
  if (!isShortest) throw new MediaKeyError("sframe_header");
  return { kidHigh, kidLow, ctrHigh, ctrLow, length: ctrEnd - at };
}

/** @param {number} high @param {number} low @returns {number} bytes outside the first one: 0 where the value fits into it */
function byteLength(high, low) {
  if (high !== 0) return 4 + wordLength(high);
  return low < 8 ? 0 : wordLength(low);
}

/** @param {number} word 1 … 2^32-1 @returns {number} */
function wordLength(word) {
  return 4 - (Math.clz32(word) >> 3);
}

/** @param {Uint8Array} bytes @param {number} at @param {number} length @param {number} high @param {number} low */
function putNumber(bytes, at, length, high, low) {
  for (let index = 0; index < length; index += 1) {
    const shift = 8 * (length - 1 - index);
    bytes[at + index] = shift < 32 ? low >>> shift : high >>> (shift - 32);
  }
}

/** @param {Uint8Array} bytes @param {number} at @param {number} end at most 4 bytes further @returns {number} */
function getNumber(bytes, at, end) {
  let value = 0;
  for (let index = at; index < end; index += 1) value = (value << 8) | bytes[index];
  return value >>> 0;
}
