/** The receive direction of one track: protected frame → decoder. */

import { codeOf } from "../crypto/errors.js";
import { VIDEO_OTHER } from "./metadata.js";
import { count, pump } from "./pump.js";

/** @typedef {import("../crypto/bytes.js").Bytes} Bytes */
/** @typedef {import("./metadata.js").Track} Track */
/** @typedef {import("./metadata.js").Codec} Codec */
/** @typedef {import("./key_ring.js").OpenedFrame} OpenedFrame */

/** A frame may be faster than the rekey that its key needs: it waits so long, and those behind it in their order. */
const HOLD_MS = 100;
const MAY_PASS = ["unknown_kid", "ekt_spi"];
/** Chromium hands over frames without a byte now and then (packets of padding only): dropped like any, but no news. */
const EMPTY = "ekt_empty";
/** These tell nothing about the stream's decodability. */
const HARMLESS = [EMPTY, "replayed", "own_source", "not_in_roster", "duplicate_source"];

/**
 * @param {object} options
 * @param {RTCRtpScriptTransformer} options.transformer
 * @param {{track: Track, codec: Codec}} options.media
 * @param {import("./key_ring.js").KeyRing} options.ring
 * @param {(sourceId: number, now: number) => void} options.claim throws where the source is bound elsewhere
 * @param {import("./pump.js").Counters} options.counters
 * @param {() => number} options.now
 * @param {(code: string) => void} options.onDrop
 * @param {AbortSignal} options.signal
 * @param {boolean} options.follows another one, with which frames on their way have gone
 * @returns {Promise<void>}
 */
export function runReceiveTransform({ transformer, media, ring, claim, counters, now, onDrop, signal, follows }) {
  // After a lost video frame the decoder would wait for seconds before it asks for a key frame itself.
  let isBroken = follows;
  const { track, codec } = media;
  /** @type {() => void} */
  let readOn = () => undefined;
  /** Wait for what the frame may be ahead of. @param {unknown} error @param {number} version @param {number} arrivedAt */
  const hold = async (error, version, arrivedAt) => {
    const left = arrivedAt + HOLD_MS - now();
    if (left <= 0 || !MAY_PASS.includes(codeOf(error, ""))) throw error;
    // Those behind it wait from their own arrival on.
    readOn();
    await ring.changedSince(version, left);
  };
  return pump({
    transformer,
    counters,
    now,
    signal,
    onStart: (given) => (readOn = given),
    process: async (bytes, arrivedAt) => {
      const encoded = { bytes, track, codec, claim };
      /** @type {OpenedFrame | null} */
      let opened = null;
      while (opened === null) {
        const { version } = ring;
        try {
          opened = await ring.openFrame(encoded);
        } catch (error) {
          await hold(error, version, arrivedAt);
        }
      }
      const { data, kind, fieldCode } = opened;
      if (fieldCode !== null) count(counters.fields, fieldCode);
      if (isBroken && kind === VIDEO_OTHER) transformer.sendKeyFrameRequest().catch(() => undefined);
      isBroken = false;
      return data;
    },
    onDrop: (code) => {
      isBroken ||= !HARMLESS.includes(code);
      if (code !== EMPTY) onDrop(code);
    },
  });
}
