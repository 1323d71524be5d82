/** An encoded frame, `clear prefix ‖ SFrame ‖ tail`, taken apart from its last byte on (docs/protocol.md section 6). */

import { parseTail } from "../crypto/ekt_field.js";
import { parseHeader } from "../crypto/sframe.js";
import { describeFrame, encodeMetadata } from "./metadata.js";

/** @typedef {import("../crypto/bytes.js").Bytes} Bytes */
/** @typedef {import("../crypto/ekt_field.js").FullEKTField} FullEKTField */
/** @typedef {import("./metadata.js").Track} Track */
/** @typedef {import("./metadata.js").Codec} Codec */
/**
 * @typedef {object} ProtectedFrame
 * @property {bigint} kid
 * @property {bigint} ctr
 * @property {Track} track
 * @property {Bytes} header
 * @property {Bytes} metadata
 * @property {Bytes} ciphertext
 */

/**
 * @param {Bytes} bytes
 * @param {{track: Track, codec: Codec}} media
 * @returns {{frame: ProtectedFrame, full: FullEKTField | null, prefix: Bytes, kind: number}} nothing of it is authentic yet
 * @throws {import("../crypto/errors.js").MediaKeyError} ekt_empty, ekt_type, ekt_length, frame_too_short, sframe_header
 */
export function parseEncodedFrame(bytes, { track, codec }) {
  const tail = parseTail(bytes);
  const rest = bytes.subarray(0, bytes.length - tail.length);
  const { prefixLength, kind } = describeFrame(codec, rest);
  const prefix = rest.subarray(0, prefixLength);
  const body = rest.subarray(prefixLength);
  const { kid, ctr, length } = parseHeader(body);
  const metadata = encodeMetadata({ kind, track, codec, prefix });
  const frame = { kid, ctr, track, header: body.subarray(0, length), metadata, ciphertext: body.subarray(length) };
  return { frame, full: tail.full, prefix, kind };
}

/** @param {Bytes} prefix @param {Bytes} plaintext @returns {Bytes} what the decoder takes */
export function joinDecoded(prefix, plaintext) {
  if (prefix.length === 0) return plaintext;
  const data = new Uint8Array(prefix.length + plaintext.length);
  data.set(prefix);
  data.set(plaintext, prefix.length);
  return data;
}

/**
 * @param {{prefix: Uint8Array, header: Uint8Array, ciphertext: ArrayBuffer, tail: Uint8Array}} parts
 * @returns {Bytes} `clear prefix ‖ SFrame ‖ tail`
 */
export function joinEncoded({ prefix, header, ciphertext, tail }) {
  const start = prefix.length + header.length;
  const data = new Uint8Array(start + ciphertext.byteLength + tail.length);
  data.set(prefix);
  data.set(header, prefix.length);
  data.set(new Uint8Array(ciphertext), start);
  data.set(tail, start + ciphertext.byteLength);
  return data;
}
