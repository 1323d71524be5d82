/**
 * What the shipped engine costs for each frame, beside one bare call of Web Cryptography on the same bytes.
 *
 * Live: of the frames of a call every second one is timed on its way through the engine, from the moment it was read to the
 * moment it is written; before each other one a bare call on its bytes is timed, in the same worker, at the same load.
 * Flat out: many frames at once through several transforms of one engine, and as many bare calls.
 */

import { Meeting, VIDEO } from "/rules/party.js";

const meeting = await Meeting.of(11, 22);
const [alice, bob] = meeting.parties;
const engines = { send: alice.engine, receive: bob.engine };

const bareKey = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
const iv = new Uint8Array(12);
const additionalData = new Uint8Array(17);
const BARE = { name: "AES-GCM", iv, additionalData };

/** @type {Record<string, {ours: number[], bare: number[]}>} µs */
const live = {};

onrtctransform = ({ transformer }) => {
  const { direction, id } = transformer.options;
  const times = (live[`${direction} ${id}`] = { ours: [], bare: [] });
  engines[direction].attach(timed(transformer, times));
};

/** The transformer with a clock at both ends. */
function timed(transformer, times) {
  let count = 0;
  let readAt = 0;
  const getReader = () => {
    const reader = transformer.readable.getReader();
    const read = async () => {
      const next = await reader.read();
      count += 1;
      readAt = 0;
      if (next.done) return next;
      if (count % 2 === 0) {
        readAt = performance.now();
      } else {
        const begun = performance.now();
        await crypto.subtle.encrypt(BARE, bareKey, next.value.data);
        times.bare.push((performance.now() - begun) * 1000);
      }
      return next;
    };
    return { read, cancel: () => reader.cancel() };
  };
  const getWriter = () => {
    const writer = transformer.writable.getWriter();
    const write = (frame) => {
      if (readAt > 0) times.ours.push((performance.now() - readAt) * 1000);
      return writer.write(frame);
    };
    return { write, close: () => writer.close() };
  };
  return {
    options: transformer.options,
    readable: { getReader },
    writable: { getWriter },
    sendKeyFrameRequest: () => transformer.sendKeyFrameRequest(),
  };
}

/** A transform's two ends for frames that lie ready. */
class Line {
  constructor(engine, direction, id, track, codec) {
    this.out = [];
    const readable = new ReadableStream({ start: (controller) => (this.source = controller) });
    const writable = new WritableStream({ write: (frame) => void this.#arrived(frame) });
    engine.attach({ options: { direction, id, track, codec }, readable, writable, sendKeyFrameRequest: async () => undefined });
  }

  #arrived(frame) {
    this.out.push(frame.data);
    if (this.out.length === this.expected) this.finish();
  }

  pass(frames) {
    this.expected = this.out.length + frames.length;
    const done = new Promise((resolve) => (this.finish = resolve));
    for (const data of frames) this.source.enqueue({ data });
    return done;
  }
}

const TRACKS = ["mic", "camera", "screen", "screen-audio"];
const LINES = TRACKS.map((track) => {
  const codec = track === "mic" || track === "screen-audio" ? "opus" : "vp8";
  return { send: new Line(alice.engine, "send", `flat ${track}`, track, codec), receive: new Line(bob.engine, "receive", `flat ${track}`, track, codec) };
});

const frameOf = (bytes) => Uint8Array.from({ length: bytes }, (_, index) => VIDEO[index % VIDEO.length]);

/** Frames a second, of `bytes` each, four tracks at once. */
async function flatOut(bytes, each) {
  const rate = async (work) => {
    const begun = performance.now();
    await work();
    return Math.round((each * LINES.length * 1000) / (performance.now() - begun));
  };
  const copies = () => Array.from({ length: each }, () => frameOf(bytes).buffer);
  const found = {};
  const clear = LINES.map(copies);
  found.send = await rate(() => Promise.all(LINES.map(({ send }, index) => send.pass(clear[index]))));
  const sealed = LINES.map(({ send }) => send.out.splice(0));
  found.receive = await rate(() => Promise.all(LINES.map(({ receive }, index) => receive.pass(sealed[index]))));
  for (const { receive } of LINES) receive.out.length = 0;
  const plain = frameOf(bytes);
  found.bare = await rate(() => Promise.all(LINES.map(async () => {
    for (let count = 0; count < each; count += 1) await crypto.subtle.encrypt(BARE, bareKey, plain);
  })));
  return found;
}

onmessage = async ({ data: { order, bytes, each } }) => {
  if (order === "flat-out") postMessage(await flatOut(bytes, each));
  if (order === "begin") for (const times of Object.values(live)) times.ours.length = times.bare.length = 0;
  if (order === "begin") postMessage("begun");
  if (order === "live") postMessage(live);
};
postMessage("ready");
