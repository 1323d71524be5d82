/**
 * The line to the conference application's frame. Its other end is not trusted: each message is checked against a schema,
 * counted and measured; the first that is not of the form ends the line.
 */

import { CallError } from "./errors.js";

const MAX_CHARACTERS = 256 * 1024;
const BURST = 200;
const PER_S = 20;
/** Whoever joins waits for this: often, and it costs next to nothing. */
const ASK_MS = 25;
const ANSWER_MS = 10_000;
const MAX_STREAMS = 2_000;
const TRACKS = new Set(["mic", "camera", "screen", "screen-audio"]);

/**
 * @typedef {{mid: string, feed: string, track: string}} PlacedStream
 * @typedef {{type: "joined", iceServers: RTCIceServer[]}
 *   | {type: "published", sdp: string}
 *   | {type: "offer", sdp: string, streams: PlacedStream[]}
 *   | {type: "gone", code: string}} FrameMessage
 * @typedef {{type: "join", handle: string, url: string, token: string, proof: string}
 *   | {type: "publish", sdp: string, tracks: {mid: string, track: string}[]}
 *   | {type: "answer", sdp: string}
 *   | {type: "layout", streams: {mid: string, layer: number}[]}
 *   | {type: "restart"}
 *   | {type: "leave"}} PageMessage
 */

export class FramePort {
  #port;
  #onMessage;
  #onBroken;
  #left = BURST;
  #at = performance.now();

  /**
   * @param {MessagePort} port
   * @param {{onMessage: (message: FrameMessage) => void, onBroken: (code: string) => void}} handlers
   */
  constructor(port, { onMessage, onBroken }) {
    this.#port = port;
    this.#onMessage = onMessage;
    this.#onBroken = onBroken;
    port.onmessage = (event) => this.#take(event.data);
    port.onmessageerror = () => this.#break("frame_message");
  }

  /** @param {PageMessage} message */
  send(message) {
    this.#port.postMessage(message);
  }

  close() {
    this.#port.onmessage = null;
    this.#port.close();
  }

  /** @param {unknown} data */
  #take(data) {
    try {
      this.#count();
      this.#onMessage(parseFrameMessage(data));
    } catch (error) {
      this.#break(error instanceof CallError ? error.code : "frame_message");
    }
  }

  #count() {
    const now = performance.now();
    this.#left = Math.min(BURST, this.#left + ((now - this.#at) / 1000) * PER_S);
    this.#at = now;
    if (this.#left < 1) throw new CallError("frame_too_many");
    this.#left -= 1;
  }

  /** @param {string} code */
  #break(code) {
    this.close();
    this.#onBroken(code);
  }
}

/**
 * Give the frame its end of a new line, once it says that it is there.
 *
 * @param {HTMLIFrameElement} frame
 * @param {AbortSignal} signal
 * @returns {Promise<MessagePort>} our end
 * @throws {CallError} frame_silent
 */
export function connectFrame(frame, signal) {
  return new Promise((resolve, reject) => {
    const done = new AbortController();
    const stop = AbortSignal.any([signal, done.signal]);
    // The frame's origin is opaque, so it can only be named by "*"; nothing but the frame's own window gets it.
    const ask = () => frame.contentWindow?.postMessage({ type: "conference-application?" }, "*");
    const timer = setInterval(ask, ASK_MS);
    const limit = setTimeout(() => finish(() => reject(new CallError("frame_silent"))), ANSWER_MS);
    /** @param {() => void} settle */
    const finish = (settle) => {
      clearInterval(timer);
      clearTimeout(limit);
      done.abort();
      settle();
    };
    signal.addEventListener("abort", () => finish(() => reject(new CallError("closed"))), { signal: done.signal });
    window.addEventListener(
      "message",
      (event) => {
        if (event.source !== frame.contentWindow || event.data?.type !== "conference-application") return;
        const { port1, port2 } = new MessageChannel();
        frame.contentWindow?.postMessage({ type: "conference-port" }, "*", [port2]);
        finish(() => resolve(port1));
      },
      { signal: stop },
    );
    ask();
  });
}

/**
 * @param {unknown} data
 * @returns {FrameMessage}
 * @throws {CallError} frame_message, frame_too_large
 */
export function parseFrameMessage(data) {
  if (typeof data !== "string") throw new CallError("frame_message");
  if (data.length > MAX_CHARACTERS) throw new CallError("frame_too_large");
  const message = parseObject(data);
  switch (message.type) {
    case "joined":
      expectMembers(message, ["type", "ice_servers"]);
      return { type: "joined", iceServers: list(message.ice_servers, 8).map(iceServer) };
    case "published":
      expectMembers(message, ["type", "sdp"]);
      return { type: "published", sdp: text(message.sdp, MAX_CHARACTERS) };
    case "offer":
      expectMembers(message, ["type", "sdp", "streams"]);
      return { type: "offer", sdp: text(message.sdp, MAX_CHARACTERS), streams: list(message.streams, MAX_STREAMS).map(placed) };
    case "gone":
      expectMembers(message, ["type", "code"]);
      return { type: "gone", code: word(message.code) };
    default:
      throw new CallError("frame_message");
  }
}

/** @param {string} data @returns {Record<string, unknown>} */
function parseObject(data) {
  let value;
  try {
    value = JSON.parse(data);
  } catch {
    throw new CallError("frame_message");
  }
  return object(value);
}

/** @param {unknown} value @returns {Record<string, unknown>} */
function object(value) {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new CallError("frame_message");
  return /** @type {Record<string, unknown>} */ (value);
}

/** @param {Record<string, unknown>} value @param {string[]} names */
function expectMembers(value, names) {
  const given = Object.keys(value);
  if (given.length !== names.length || !names.every((name) => given.includes(name))) throw new CallError("frame_message");
}

/** @param {unknown} value @param {number} limit @returns {unknown[]} */
function list(value, limit) {
  if (!Array.isArray(value) || value.length > limit) throw new CallError("frame_message");
  return value;
}

/** @param {unknown} value @param {number} limit */
function text(value, limit) {
  if (typeof value !== "string" || value.length > limit) throw new CallError("frame_message");
  return value;
}

/** @param {unknown} value */
function word(value) {
  if (typeof value !== "string" || !/^[a-z_]{1,32}$/.test(value)) throw new CallError("frame_message");
  return value;
}

/** @param {unknown} value @returns {PlacedStream} */
function placed(value) {
  const stream = object(value);
  expectMembers(stream, ["mid", "feed", "track"]);
  const mid = text(stream.mid, 16);
  const feed = text(stream.feed, 22);
  const track = text(stream.track, 16);
  if (!/^[A-Za-z0-9]+$/.test(mid) || !/^[A-Za-z0-9_-]{22}$/.test(feed) || !TRACKS.has(track)) throw new CallError("frame_message");
  return { mid, feed, track };
}

/** @param {unknown} value @returns {RTCIceServer} */
function iceServer(value) {
  const server = object(value);
  const known = ["urls", "username", "credential"];
  if (Object.keys(server).some((name) => !known.includes(name))) throw new CallError("frame_message");
  const urls = list(server.urls, 8).map((url) => text(url, 256));
  if (urls.length === 0 || !urls.every((url) => /^(?:stun|turn|turns):[A-Za-z0-9.:[\]-]+(?:\?transport=(?:udp|tcp))?$/.test(url))) {
    throw new CallError("frame_message");
  }
  if (server.username === undefined && server.credential === undefined) return { urls };
  return { urls, username: text(server.username, 512), credential: text(server.credential, 512) };
}
