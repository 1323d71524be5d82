/** Moves the frames of one transform: in order, through `process`, or nowhere. There is no other way out. */

import { MediaKeyError, codeOf } from "../crypto/errors.js";

/** @typedef {import("../crypto/bytes.js").Bytes} Bytes */
/** @typedef {{data: ArrayBuffer, getMetadata?: () => {synchronizationSource?: number}}} Frame of the encoder or for the decoder */
/** @typedef {{frames: number, ok: number, dropped: Record<string, number>, fields: Record<string, number>}} Counters */

const MOST_WAITING = 512;

/** @returns {Counters} `dropped` frames and dropped EKT `fields` by code */
export function makeCounters() {
  return { frames: 0, ok: 0, dropped: {}, fields: {} };
}

/** @param {Record<string, number>} counts @param {string} code */
export function count(counts, code) {
  counts[code] = (counts[code] ?? 0) + 1;
}

/**
 * Run until the readable side ends, or it is told to.
 *
 * @param {object} options
 * @param {{readable: ReadableStream, writable: WritableStream}} options.transformer
 * @param {Counters} options.counters
 * @param {() => number} options.now
 * @param {(bytes: Bytes, arrivedAt: number, frame: Frame) => Promise<Bytes>} options.process throws where the frame must be dropped
 * @param {(readOn: () => void) => void} [options.onStart] gets what is to be called when a frame is going to be held for a while
 * @param {(code: string) => void} options.onDrop
 * @param {AbortSignal} options.signal aborted: nothing moves any more
 * @returns {Promise<void>}
 */
export async function pump({ transformer, counters, now, process, onStart, onDrop, signal }) {
  const reader = transformer.readable.getReader();
  const writer = transformer.writable.getWriter();
  let isEnded = signal.aborted;
  const stop = () => void reader.cancel().catch(() => undefined);
  const end = () => {
    isEnded = true;
    stop();
  };
  signal.addEventListener("abort", end, { once: true });
  /** Frames that came while one before them was under way. @type {{frame: Frame, arrivedAt: number}[]} */
  const waiting = [];
  /** @type {Promise<void> | null} */
  let moving = null;
  /** The frame under way has moved, or is held: ask for the next one. @type {() => void} */
  let readOn = () => undefined;
  onStart?.(() => readOn());
  /** @param {string} code */
  const drop = (code) => {
    count(counters.dropped, code);
    onDrop(code);
  };
  /** Move this frame and those that come meanwhile; one at a time, so that they stay in order. @param {Frame} first @param {number} firstAt */
  const move = async (first, firstAt) => {
    let frame = first;
    let arrivedAt = firstAt;
    while (!isEnded) {
      try {
        const processed = await process(new Uint8Array(frame.data), arrivedAt, frame);
        if (isEnded) break;
        frame.data = wholeBuffer(processed);
        counters.ok += 1;
        writer.write(frame).catch(stop);
      } catch (error) {
        if (isEnded) break;
        drop(codeOf(error, "transform_failed"));
      }
      const next = waiting.shift();
      if (next === undefined) break;
      ({ frame, arrivedAt } = next);
    }
    moving = null;
    readOn();
  };
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      const arrivedAt = now();
      counters.frames += 1;
      if (moving === null) {
        // To ask for the next frame takes as long as the cipher: not while this one could be on its way.
        const free = new Promise((/** @type {(value: void) => void} */ resolve) => (readOn = resolve));
        moving = move(next.value, arrivedAt);
        await free;
      } else if (waiting.length + 1 < MOST_WAITING) {
        waiting.push({ frame: next.value, arrivedAt });
      } else {
        drop("overflow");
      }
    }
    await moving;
    await writer.close();
  } catch {
    // The peer connection or its transceiver has gone: there is nobody to tell.
  }
}

/** @param {Bytes} bytes @returns {ArrayBuffer} */
function wholeBuffer(bytes) {
  if (bytes.byteLength === 0) throw new MediaKeyError("frame_too_short");
  return bytes.byteLength === bytes.buffer.byteLength ? bytes.buffer : bytes.slice().buffer;
}
