/** An encoded frame, `clear prefix ‖ SFrame ‖ tail`, taken apart from its last byte on (docs/protocol.md section 6). */

import { parseTail } from "../crypto/ekt_field.js";
import { parseHeader } from "../crypto/sframe.js";
import { METADATA_BYTES, describeFrame, putMetadata } from "./metadata.js";

/** @typedef {import("../crypto/bytes.js").Bytes} Bytes */
/** @typedef {import("../crypto/ekt_field.js").FullEKTField} FullEKTField */
/** @typedef {import("./metadata.js").Track} Track */
/** @typedef {import("./metadata.js").Codec} Codec */
/**
 * @typedef {object} Framing where what stands in `bytes`, and what is said beside it
 * @property {Bytes} bytes
 * @property {number} prefixLength the clear prefix, then the SFrame header
 * @property {number} headerLength
 * @property {number} kind
 * @property {Track} track
 * @property {Codec} codec
 */
/**
 * @typedef {Framing & {kidHigh: number, kidLow: number, ctrHigh: number, ctrLow: number, ciphertext: Bytes,
 *   full: FullEKTField | null}} ProtectedFrame
 */

/**
 * @param {Bytes} bytes
 * @param {Track} track
 * @param {Codec} codec
 * @returns {ProtectedFrame} nothing of it is authentic yet
 * @throws {import("../crypto/errors.js").MediaKeyError} ekt_empty, ekt_type, ekt_length, frame_too_short, sframe_header
 */
export function parseEncodedFrame(bytes, track, codec) {
  const { length: tailLength, full } = parseTail(bytes);
  const end = bytes.length - tailLength;
  const { prefixLength, kind } = describeFrame(codec, bytes, end);
  const { kidHigh, kidLow, ctrHigh, ctrLow, length: headerLength } = parseHeader(bytes, prefixLength, end);
  const ciphertext = bytes.subarray(prefixLength + headerLength, end);
  return { bytes, prefixLength, headerLength, kind, track, codec, kidHigh, kidLow, ctrHigh, ctrLow, ciphertext, full };
}

/** Header, metadata and clear prefix of one frame. Web Cryptography copies them before it returns its promise. */
const additional = new Uint8Array(64);
/** Of each length, made once. @type {Bytes[]} */
const views = [];

/** `header ‖ metadata`. @param {Framing} frame @returns {Bytes} until the next call */
export function additionalDataOf({ bytes, prefixLength, headerLength, kind, track, codec }) {
  for (let index = 0; index < headerLength; index += 1) additional[index] = bytes[prefixLength + index];
  putMetadata(additional, headerLength, { kind, track, codec });
  const prefixAt = headerLength + METADATA_BYTES;
  for (let index = 0; index < prefixLength; index += 1) additional[prefixAt + index] = bytes[index];
  const length = prefixAt + prefixLength;
  return (views[length] ??= additional.subarray(0, length));
}

/** @param {ProtectedFrame} frame @param {ArrayBuffer} plaintext @returns {Bytes} what the decoder takes */
export function joinDecoded({ bytes, prefixLength }, plaintext) {
  const opened = new Uint8Array(plaintext);
  if (prefixLength === 0) return opened;
  const data = new Uint8Array(prefixLength + opened.length);
  for (let index = 0; index < prefixLength; index += 1) data[index] = bytes[index];
  data.set(opened, prefixLength);
  return data;
}
