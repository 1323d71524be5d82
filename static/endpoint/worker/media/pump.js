/** Moves the frames of one transform: in order, through `process`, or nowhere. There is no other way out. */

import { MediaKeyError, codeOf } from "../crypto/errors.js";

/** @typedef {import("../crypto/bytes.js").Bytes} Bytes */
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
 * @param {(bytes: Bytes, arrivedAt: number) => Promise<Bytes>} options.process throws where the frame must be dropped
 * @param {(code: string) => void} options.onDrop
 * @param {AbortSignal} options.signal aborted: nothing moves any more
 * @returns {Promise<void>}
 */
export async function pump({ transformer, counters, now, process, onDrop, signal }) {
  const reader = transformer.readable.getReader();
  const writer = transformer.writable.getWriter();
  signal.addEventListener("abort", () => void reader.cancel().catch(() => undefined), { once: true });
  let waiting = 0;
  /** @param {string} code */
  const drop = (code) => {
    count(counters.dropped, code);
    onDrop(code);
  };
  /** @param {{data: ArrayBuffer}} frame @param {number} arrivedAt */
  const move = async (frame, arrivedAt) => {
    if (signal.aborted) return;
    try {
      const processed = await process(new Uint8Array(frame.data), arrivedAt);
      signal.throwIfAborted();
      frame.data = wholeBuffer(processed);
    } catch (error) {
      if (signal.aborted) return;
      drop(codeOf(error, "transform_failed"));
      return;
    }
    counters.ok += 1;
    writer.write(frame).catch(() => reader.cancel());
  };
  let last = Promise.resolve();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      const frame = next.value;
      const arrivedAt = now();
      counters.frames += 1;
      if (waiting >= MOST_WAITING) {
        drop("overflow");
        continue;
      }
      waiting += 1;
      last = last.then(() => move(frame, arrivedAt)).finally(() => (waiting -= 1));
    }
    await last;
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
