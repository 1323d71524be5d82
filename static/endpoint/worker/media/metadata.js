/** What of a frame stays clear and what is authenticated beside it (docs/protocol.md section 6). */

import { MediaKeyError } from "../crypto/errors.js";

/** @typedef {"opus" | "vp8"} Codec */
/** @typedef {"mic" | "camera" | "screen" | "screen-audio"} Track */

export const AUDIO = 0;
export const VIDEO_KEY = 1;
export const VIDEO_OTHER = 2;

/** Without the clear prefix. */
export const METADATA_BYTES = 4;
const VERSION = 1;
/** @type {Record<Track, number>} */
const TRACKS = { mic: 0, camera: 1, screen: 2, "screen-audio": 3 };
/** @type {Record<Codec, number>} */
const CODECS = { opus: 1, vp8: 2 };
const VP8_KEY_PREFIX = 10;
const VP8_OTHER_PREFIX = 3;

/**
 * Check the options of a transform.
 *
 * @param {{track: string, codec: string}} options
 * @returns {{track: Track, codec: Codec}}
 * @throws {TypeError} no such track or codec: an error of the page, not of a peer
 */
export function checkMediaOptions({ track, codec }) {
  if (!Object.hasOwn(TRACKS, track) || !Object.hasOwn(CODECS, codec)) throw new TypeError("unknown track or codec");
  return { track: /** @type {Track} */ (track), codec: /** @type {Codec} */ (codec) };
}

/**
 * Length of the clear prefix and kind of a frame. VP8 says by bit 0 of its first byte whether it is a key frame; the bit is
 * in the clear prefix, so that both ends agree and it is authenticated.
 *
 * @param {Codec} codec
 * @param {Uint8Array} bytes
 * @param {number} length of the frame in them
 * @returns {{prefixLength: number, kind: number}}
 * @throws {MediaKeyError} frame_too_short
 */
export function describeFrame(codec, bytes, length) {
  if (codec === "opus") return { prefixLength: 0, kind: AUDIO };
  const isKey = length > 0 && (bytes[0] & 1) === 0;
  const prefixLength = isKey ? VP8_KEY_PREFIX : VP8_OTHER_PREFIX;
  if (length < prefixLength) throw new MediaKeyError("frame_too_short");
  return { prefixLength, kind: isKey ? VIDEO_KEY : VIDEO_OTHER };
}

/**
 * Write the SFrame metadata of a frame but for the clear prefix, which follows it.
 *
 * @param {Uint8Array} bytes
 * @param {number} at where in `bytes`: `METADATA_BYTES` from there on
 * @param {{kind: number, track: Track, codec: Codec}} frame
 */
export function putMetadata(bytes, at, { kind, track, codec }) {
  bytes[at] = VERSION;
  bytes[at + 1] = kind;
  bytes[at + 2] = TRACKS[track];
  bytes[at + 3] = CODECS[codec];
}
