/** The send direction of one track: encoder → protected frame. */

import { MediaKeyError } from "../crypto/errors.js";
import { VIDEO_OTHER } from "./metadata.js";
import { pump } from "./pump.js";

/** @typedef {import("./metadata.js").Track} Track */
/** @typedef {import("./metadata.js").Codec} Codec */

/**
 * @param {object} options
 * @param {RTCRtpScriptTransformer} options.transformer
 * @param {{track: Track, codec: Codec}} options.media
 * @param {import("./sender.js").Sender} options.sender
 * @param {() => boolean} options.maySend
 * @param {import("./pump.js").Counters} options.counters
 * @param {() => number} options.now
 * @param {AbortSignal} options.signal
 * @returns {Promise<void>}
 */
export function runSendTransform({ transformer, media, sender, maySend, counters, now, signal }) {
  // Receivers cannot decode what follows a dropped video frame: the encoder is asked to begin anew.
  let isBroken = false;
  const { track, codec } = media;
  return pump({
    transformer,
    counters,
    now,
    signal,
    process: async (bytes, _arrivedAt, frame) => {
      if (!maySend()) throw new MediaKeyError("sending_stopped");
      const { data, kind } = await sender.protect({ bytes, track, codec, rtpSource: () => rtpSourceOf(frame) });
      // A stop that came while the frame was being protected holds for it too.
      if (!maySend()) throw new MediaKeyError("sending_stopped");
      // Chromium 156 cannot be asked; its next key frame comes when a receiver's server asks for one.
      if (isBroken && kind === VIDEO_OTHER) transformer.generateKeyFrame?.().catch(() => undefined);
      isBroken = false;
      return data;
    },
    onDrop: () => (isBroken = true),
  });
}

/** @param {import("./pump.js").Frame} frame @returns {number} its SSRC: each layer of a camera has its own */
function rtpSourceOf(frame) {
  return frame.getMetadata?.().synchronizationSource ?? 0;
}
