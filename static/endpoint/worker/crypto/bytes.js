/** Bytes of the wire: joining, big-endian numbers, length prefixes and strict base64url (docs/protocol.md section 1). */

import { MediaKeyError } from "./errors.js";

/** Bytes over a plain (not shared) buffer: what WebCrypto takes. @typedef {Uint8Array<ArrayBuffer>} Bytes */

const encoder = new TextEncoder();

/** @param {string} text @returns {Bytes} */
export function utf8(text) {
  return encoder.encode(text);
}

/** @param {...Uint8Array} parts @returns {Bytes} */
export function concat(...parts) {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** @param {number} value 0 … 2^16-1 @returns {Bytes} */
export function u16(value) {
  return Uint8Array.of(value >>> 8, value);
}

/** @param {number} value 0 … 2^32-1 @returns {Bytes} */
export function u32(value) {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}

/** @param {Uint8Array} bytes @param {number} at @returns {number} */
export function readU16(bytes, at) {
  return (bytes[at] << 8) | bytes[at + 1];
}

/** @param {Uint8Array} bytes @param {number} at @returns {number} */
export function readU32(bytes, at) {
  return readU16(bytes, at) * 0x10000 + readU16(bytes, at + 2);
}

/** `u16(length) ‖ x`. @param {string} text @returns {Bytes} */
export function lp(text) {
  const bytes = utf8(text);
  return concat(u16(bytes.length), bytes);
}

/** Equality of public bytes; not for secrets. @param {Uint8Array} a @param {Uint8Array} b @returns {boolean} */
export function equalBytes(a, b) {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index += 1) if (a[index] !== b[index]) return false;
  return true;
}

/** @param {Uint8Array} bytes @returns {string} base64url without padding */
export function encodeBase64url(bytes) {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/**
 * Decode base64url; padding, other characters and non-canonical last bits are refused.
 *
 * @param {string} text
 * @param {number} [length] the length the value must have
 * @returns {Bytes}
 * @throws {MediaKeyError} base64url
 */
export function decodeBase64url(text, length) {
  if (!/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) throw new MediaKeyError("base64url");
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
  if (encodeBase64url(bytes) !== text) throw new MediaKeyError("base64url");
  if (length !== undefined && bytes.length !== length) throw new MediaKeyError("base64url");
  return bytes;
}
