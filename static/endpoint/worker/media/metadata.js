/** What of a frame stays clear and what is authenticated beside it (docs/protocol.md section 6). */

import { MediaKeyError } from "../crypto/errors.js";

/** @typedef {"opus" | "vp8"} Codec */
/** @typedef {"mic" | "camera" | "screen" | "screen-audio"} Track */

export const AUDIO = 0;
export const VIDEO_KEY = 1;
export const VIDEO_OTHER = 2;

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
 * @param {Uint8Array} frame
 * @returns {{prefixLength: number, kind: number}}
 * @throws {MediaKeyError} frame_too_short
 */
export function describeFrame(codec, frame) {
  if (codec === "opus") return { prefixLength: 0, kind: AUDIO };
  const isKey = frame.length > 0 && (frame[0] & 1) === 0;
  const prefixLength = isKey ? VP8_KEY_PREFIX : VP8_OTHER_PREFIX;
  if (frame.length < prefixLength) throw new MediaKeyError("frame_too_short");
  return { prefixLength, kind: isKey ? VIDEO_KEY : VIDEO_OTHER };
}

/**
 * SFrame metadata of a frame.
 *
 * @param {{kind: number, track: Track, codec: Codec, prefix: Uint8Array}} frame
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function encodeMetadata({ kind, track, codec, prefix }) {
  const metadata = new Uint8Array(4 + prefix.length);
  metadata[0] = VERSION;
  metadata[1] = kind;
  metadata[2] = TRACKS[track];
  metadata[3] = CODECS[codec];
  metadata.set(prefix, 4);
  return metadata;
}
