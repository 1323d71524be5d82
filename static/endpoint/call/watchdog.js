/**
 * Compares what was decoded and sent with what the worker has opened and protected. More of the former means that media went
 * by the worker: then everything is torn down.
 */

import { CallError } from "./errors.js";

const LOOK_MS = 2_000;
/** An Opus packet holds 120 ms at most, 48 samples a ms. */
const MOST_SAMPLES_A_FRAME = 120 * 48;
const SLACK_SAMPLES = 48_000;
const SLACK_PACKETS = 25;

/**
 * @typedef {Record<string, {frames: number, ok: number}>} Counters
 * @typedef {{senders: {sender: RTCRtpSender, id: string}[], receivers: {receiver: RTCRtpReceiver, ids: string[]}[]}} Watched
 */

export class Watchdog {
  #timer;
  #looking = false;

  /**
   * @param {{watched: () => Watched, counters: () => Promise<Counters>, onUnprotected: () => void}} options
   */
  constructor({ watched, counters, onUnprotected }) {
    this.#timer = setInterval(async () => {
      if (this.#looking) return;
      this.#looking = true;
      try {
        await look(watched(), counters);
      } catch (error) {
        if (error instanceof CallError) {
          this.stop();
          onUnprotected();
        }
      } finally {
        this.#looking = false;
      }
    }, LOOK_MS);
  }

  stop() {
    clearInterval(this.#timer);
  }
}

/**
 * @param {Watched} watched
 * @param {() => Promise<Counters>} counters
 * @throws {CallError} unprotected_media
 */
async function look({ senders, receivers }, counters) {
  // Statistics first, counters after: what the worker counts can only be more by then.
  const sent = await Promise.all(senders.map(async ({ sender, id }) => ({ id, seen: await seenBy(sender, "outbound-rtp") })));
  const got = await Promise.all(receivers.map(async ({ receiver, ids }) => ({ ids, seen: await seenBy(receiver, "inbound-rtp") })));
  const counted = await counters();
  for (const { id, seen } of sent) checkSent(seen, counted[id]);
  for (const { ids, seen } of got) checkDecoded(seen, ids.reduce((sum, id) => sum + (counted[id]?.ok ?? 0), 0));
}

/** @param {RTCRtpSender | RTCRtpReceiver} end @param {string} type */
async function seenBy(end, type) {
  /** @type {any[]} */
  const found = [];
  (await end.getStats()).forEach((one) => one.type === type && found.push(one));
  return found;
}

/**
 * Chromium counts a frame as sent before its transform, so video is compared with what the worker was given: a frame that
 * it dropped went nowhere.
 *
 * @param {any[]} seen
 * @param {{frames: number, ok: number} | undefined} counted
 */
function checkSent(seen, { frames = 0, ok = 0 } = { frames: 0, ok: 0 }) {
  for (const { kind, framesSent = 0, packetsSent = 0 } of seen) {
    const more = kind === "video" ? framesSent > frames : packetsSent > SLACK_PACKETS && ok === 0;
    if (more) throw new CallError("unprotected_media");
  }
}

/** @param {any[]} seen @param {number} ok */
function checkDecoded(seen, ok) {
  for (const { kind, framesDecoded = 0, totalSamplesReceived = 0, concealedSamples = 0 } of seen) {
    const samples = totalSamplesReceived - concealedSamples;
    const more = kind === "video" ? framesDecoded > ok : samples > ok * MOST_SAMPLES_A_FRAME + SLACK_SAMPLES;
    if (more) throw new CallError("unprotected_media");
  }
}
