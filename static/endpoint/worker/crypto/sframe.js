/**
 * SFrame (RFC 9605): header, key derivation, and AES-GCM suites 4 and 5.
 *
 * One WebCrypto call a frame, whose promise is handed on as it is: each `async` function between it and the one who waits would
 * cost a turn of its own.
 */

import { concat, u16, u64, utf8 } from "./bytes.js";
import { MediaKeyError } from "./errors.js";
import { SFRAME_KEY_LABEL, SFRAME_SALT_LABEL } from "./labels.js";

/** @typedef {import("./bytes.js").Bytes} Bytes */
/**
 * @typedef {object} FrameKey
 * @property {bigint} kid
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
 * @param {{baseKey: Bytes, kid: bigint, suite: number, usage: "encrypt" | "decrypt"}} input
 * @returns {Promise<FrameKey>}
 * @throws {MediaKeyError} sframe_suite
 */
export async function deriveFrameKey({ baseKey, kid, suite, usage }) {
  if (!(suite in SUITES)) throw new MediaKeyError("sframe_suite");
  const { hash, bits } = SUITES[suite];
  const input = await crypto.subtle.importKey("raw", baseKey, "HKDF", false, ["deriveKey", "deriveBits"]);
  /** @param {string} label */
  const derivation = (label) => {
    return { name: "HKDF", hash, salt: new Uint8Array(0), info: concat(utf8(label), u64(kid), u16(suite)) };
  };
  const cipher = { name: "AES-GCM", length: bits };
  const [key, salt] = await Promise.all([
    crypto.subtle.deriveKey(derivation(SFRAME_KEY_LABEL), input, cipher, false, [usage]),
    crypto.subtle.deriveBits(derivation(SFRAME_SALT_LABEL), input, SALT_BITS),
  ]);
  return { kid, key, salt: new Uint8Array(salt) };
}

/**
 * Encrypt one frame.
 *
 * @param {FrameKey} frameKey
 * @param {{header: Uint8Array, ctr: bigint, metadata: Uint8Array, plaintext: Bytes}} frame `ctr` never used before under this
 *   key; `header` names it and the key
 * @returns {Promise<ArrayBuffer>} the ciphertext, with the tag as its end
 */
export function encryptFrame(frameKey, { header, ctr, metadata, plaintext }) {
  return crypto.subtle.encrypt(cipher(frameKey.salt, ctr, header, metadata), frameKey.key, plaintext);
}

/**
 * Decrypt one frame.
 *
 * @param {FrameKey} frameKey
 * @param {{header: Uint8Array, ctr: bigint, metadata: Uint8Array, ciphertext: Bytes}} frame with the tag
 * @returns {Promise<ArrayBuffer>} the plaintext; refused by the platform's own error where the frame is not authentic
 */
export function decryptFrame(frameKey, { header, ctr, metadata, ciphertext }) {
  return crypto.subtle.decrypt(cipher(frameKey.salt, ctr, header, metadata), frameKey.key, ciphertext);
}

/** WebCrypto copies nonce and additional data before it returns its promise, so that one place serves for every frame. */
const ivBytes = new Uint8Array(SALT_BITS / 8);
const iv = new DataView(ivBytes.buffer);
const aad = new Uint8Array(64);

/** @param {Uint8Array} salt @param {bigint} ctr @param {Uint8Array} header @param {Uint8Array} metadata @returns {AesGcmParams} until the next call */
function cipher(salt, ctr, header, metadata) {
  ivBytes.set(salt);
  // salt XOR ctr, in two words: numbers are many times faster than a bigint of 64 bits
  iv.setUint32(4, iv.getUint32(4) ^ Number(ctr >> 32n));
  iv.setUint32(8, iv.getUint32(8) ^ Number(ctr & 0xffffffffn));
  const length = header.length + metadata.length;
  if (length > aad.length) return { name: "AES-GCM", iv: ivBytes, additionalData: concat(header, metadata) };
  aad.set(header);
  aad.set(metadata, header.length);
  return { name: "AES-GCM", iv: ivBytes, additionalData: aad.subarray(0, length) };
}

/**
 * Encode a header: `X | K(3) | Y | C(3)`, then KID and CTR where they are 8 or more (RFC 9605 section 4.3).
 *
 * @param {bigint} kid 0 … 2^64-1
 * @param {bigint} ctr 0 … 2^64-1
 * @returns {Bytes} 1 to 17 bytes
 */
export function encodeHeader(kid, ctr) {
  const kidLength = byteLength(kid);
  const ctrLength = byteLength(ctr);
  const header = new Uint8Array(1 + kidLength + ctrLength);
  header[0] = (kidLength === 0 ? Number(kid) : 8 | (kidLength - 1)) << 4;
  header[0] |= ctrLength === 0 ? Number(ctr) : 8 | (ctrLength - 1);
  putNumber(header, 1, kidLength, kid);
  putNumber(header, 1 + kidLength, ctrLength, ctr);
  return header;
}

/**
 * Parse the header at the start of `bytes`; only the shortest form is taken.
 *
 * @param {Uint8Array} bytes
 * @returns {{kid: bigint, ctr: bigint, length: number}}
 * @throws {MediaKeyError} sframe_header
 */
export function parseHeader(bytes) {
  if (bytes.length === 0) throw new MediaKeyError("sframe_header");
  const kidLength = bytes[0] & 0x80 ? ((bytes[0] >> 4) & 7) + 1 : 0;
  const ctrLength = bytes[0] & 0x08 ? (bytes[0] & 7) + 1 : 0;
  const length = 1 + kidLength + ctrLength;
  if (bytes.length < length) throw new MediaKeyError("sframe_header");
  const kid = kidLength === 0 ? BigInt((bytes[0] >> 4) & 7) : getNumber(bytes, 1, kidLength);
  const ctr = ctrLength === 0 ? BigInt(bytes[0] & 7) : getNumber(bytes, 1 + kidLength, ctrLength);
  if (byteLength(kid) !== kidLength || byteLength(ctr) !== ctrLength) throw new MediaKeyError("sframe_header");
  return { kid, ctr, length };
}

/** One number on its way between bytes and bigint; never used across a wait. */
const scratch = new DataView(new ArrayBuffer(8));
const scratchBytes = new Uint8Array(scratch.buffer);

/** @param {bigint} value @returns {number} bytes outside the first one: 0 where the value fits into it */
function byteLength(value) {
  if (value < 8n) return 0;
  const high = Number(value >> 32n);
  return high === 0 ? wordLength(Number(value)) : 4 + wordLength(high);
}

/** @param {number} word 1 … 2^32-1 @returns {number} */
function wordLength(word) {
  return 4 - (Math.clz32(word) >> 3);
}

/** @param {Uint8Array} bytes @param {number} at @param {number} length @param {bigint} value */
function putNumber(bytes, at, length, value) {
  scratch.setBigUint64(0, value);
  for (let index = 0; index < length; index += 1) bytes[at + index] = scratchBytes[8 - length + index];
}

/** @param {Uint8Array} bytes @param {number} at @param {number} length @returns {bigint} */
function getNumber(bytes, at, length) {
  scratchBytes.fill(0);
  for (let index = 0; index < length; index += 1) scratchBytes[8 - length + index] = bytes[at + index];
  return scratch.getBigUint64(0);
}
