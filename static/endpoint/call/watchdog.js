/**
 * Compares what was decoded and sent with what the worker has opened and protected. More of the former means that media went
 * by the worker: then everything is torn down. Where it cannot look, on a machine that is too busy or where the worker is stuck,
 * the connections are taken down too, but nobody is accused.
 */

import { CallError } from "./errors.js";

const LOOK_MS = 2_000;
const MOST_MISSED = 3;
/** An Opus packet holds 120 ms at most, 48 samples a ms. */
const MOST_SAMPLES_A_FRAME = 120 * 48;
const SLACK_SAMPLES = 48_000;
const SLACK_PACKETS = 25;
/** Pictures that were counted as sent and still wait for a busy worker; what goes by it is more within seconds. */
const SLACK_PICTURES = 60;

/**
 * @typedef {Record<string, {frames: number, ok: number}>} Counters
 * @typedef {{senders: {sender: RTCRtpSender, id: string}[], receivers: {receiver: RTCRtpReceiver, ids: string[]}[]}} Watched
 */

export class Watchdog {
  #options;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer;
  #looking = false;
  /** Looks in a row that failed, or did not come to an end. */
  #missed = 0;

  /**
   * @param {{watched: () => Watched, counters: () => Promise<Counters>, onUnprotected: () => void, onUnwatched: () => void}} options
   */
  constructor(options) {
    this.#options = options;
    this.#timer = setInterval(() => (this.#looking ? this.#miss() : void this.#look()), LOOK_MS);
  }

  stop() {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  async #look() {
    const { watched, counters } = this.#options;
    this.#looking = true;
    try {
      if (await look(watched, counters)) this.#missed = 0;
      else this.#miss();
    } catch (error) {
      if (error instanceof CallError) this.#end(this.#options.onUnprotected);
      else this.#miss();
    } finally {
      this.#looking = false;
    }
  }

  /** What cannot be watched is not taken for protected. */
  #miss() {
    this.#missed += 1;
    if (this.#missed >= MOST_MISSED) this.#end(this.#options.onUnwatched);
  }

  /** @param {() => void} tell */
  #end(tell) {
    if (this.#timer === undefined) return;
    this.stop();
    tell();
  }
}

/**
 * Judges what was watched from the beginning of the look to its end. A place that ended or got another stream meanwhile has other
 * counters than its statistics were taken for: it is judged at the next look.
 *
 * @param {() => Watched} watched
 * @param {() => Promise<Counters>} counters
 * @returns {Promise<boolean>} whether everything was judged
 * @throws {CallError} unprotected_media
 */
async function look(watched, counters) {
  const { senders, receivers } = watched();
  // Statistics first, counters after: what the worker counts can only be more by then.
  const sent = await Promise.all(senders.map(async ({ sender, id }) => ({ id, seen: await seenBy(sender, "outbound-rtp") })));
  const got = await Promise.all(receivers.map(async ({ receiver, ids }) => ({ ids, seen: await seenBy(receiver, "inbound-rtp") })));
  const counted = await counters();
  const still = watched();
  const stillSent = new Set(still.senders.map(({ id }) => id));
  const stillGot = new Set(still.receivers.map(({ ids }) => ids));
  for (const { id, seen } of sent) if (stillSent.has(id)) checkSent(seen, counted[id]);
  for (const { ids, seen } of got) if (stillGot.has(ids)) checkDecoded(seen, ids.reduce((sum, id) => sum + (counted[id]?.ok ?? 0), 0));
  return sent.every(({ id }) => stillSent.has(id)) && got.every(({ ids }) => stillGot.has(ids));
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
  // A camera's layers are counted one by one, and go through one transform.
  const pictures = seen.reduce((sum, { kind, framesSent = 0 }) => sum + (kind === "video" ? framesSent : 0), 0);
  if (pictures > frames + SLACK_PICTURES) throw new CallError("unprotected_media");
  for (const { kind, packetsSent = 0, retransmittedPacketsSent = 0 } of seen) {
    // A frame of sound is one packet.
    const more = kind !== "video" && packetsSent - retransmittedPacketsSent > ok + SLACK_PACKETS;
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
