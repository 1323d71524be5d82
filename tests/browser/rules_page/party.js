/** An endpoint of a test: a real engine with real keys, and encoded-frame streams that the test drives. */

import { exportIdentityKey, makeIdentityKey } from "/worker/crypto/identity.js";
import { MediaEngine } from "/worker/media/engine.js";

export const CONFERENCE = "A".repeat(22);
export const AUDIO = Uint8Array.from({ length: 60 }, (_, index) => index);
export const VIDEO_KEY = Uint8Array.from({ length: 300 }, (_, index) => (index * 7) & 0xfe);
export const VIDEO = Uint8Array.from({ length: 90 }, (_, index) => (index * 5) | 1);

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
export const randomBytes = (length) => crypto.getRandomValues(new Uint8Array(length));
export const importEKT = (bytes) => crypto.subtle.importKey("raw", bytes, "AES-CBC", false, ["encrypt", "decrypt"]);

/** What RTCRtpScriptTransform gives a worker, with the encoder or network on one side and the decoder on the other. */
class Transformer {
  out = [];
  keyFramesGenerated = 0;
  keyFramesRequested = 0;

  constructor(options) {
    this.options = options;
    this.readable = new ReadableStream({ start: (controller) => (this.source = controller) });
    this.writable = new WritableStream({ write: (frame) => void this.out.push(new Uint8Array(frame.data)) });
  }

  async generateKeyFrame() {
    this.keyFramesGenerated += 1;
  }

  async sendKeyFrameRequest() {
    this.keyFramesRequested += 1;
  }

  push(bytes, rtpSource) {
    this.source.enqueue({ data: bytes.slice().buffer, getMetadata: () => ({ synchronizationSource: rtpSource }) });
  }
}

export class Party {
  events = [];
  transformers = new Map();

  static async make(sourceId, conferenceId = CONFERENCE) {
    const party = new Party();
    party.sourceId = sourceId;
    party.identityKeys = await makeIdentityKey();
    party.identityKey = await exportIdentityKey(party.identityKeys);
    party.engine = new MediaEngine({ conferenceId, report: (event) => void party.events.push(event) });
    party.engine.setIdentity({ sourceId, identityKeys: party.identityKeys });
    return party;
  }

  transformer(direction, id, track, after) {
    const name = `${direction} ${id}`;
    if (!this.transformers.has(name)) {
      const codec = track === "mic" || track === "screen-audio" ? "opus" : "vp8";
      const transformer = new Transformer({ direction, id: name, after, track, codec });
      this.transformers.set(name, transformer);
      this.engine.attach(transformer);
    }
    return this.transformers.get(name);
  }

  counters(direction, id) {
    return this.engine.counters()[`${direction} ${id}`];
  }

  /** Encode one frame, of the layer `rtpSource`. @returns the protected frame, or the code under which it was dropped */
  send(track, bytes, rtpSource) {
    return this.#pass("send", track, track, bytes, rtpSource);
  }

  /** Receive one frame on the subscription `id`. @returns what the decoder gets, or the code */
  receive(track, bytes, id = track) {
    return this.#pass("receive", id, track, bytes);
  }

  async #pass(direction, id, track, bytes, rtpSource) {
    const transformer = this.transformer(direction, id, track);
    const before = this.counters(direction, id);
    const arrived = transformer.out.length;
    transformer.push(bytes, rtpSource);
    for (;;) {
      await sleep(0);
      if (transformer.out.length > arrived) return transformer.out.at(-1);
      const { dropped } = this.counters(direction, id);
      const code = Object.keys(dropped).find((each) => dropped[each] !== before.dropped[each]);
      if (code !== undefined) return code;
    }
  }
}

/** A conference of some parties in one epoch, each with everybody in the roster. */
export class Meeting {
  epoch = 0;
  number = -1;

  static async of(...sourceIds) {
    const meeting = new Meeting();
    meeting.parties = await Promise.all(sourceIds.map((sourceId) => Party.make(sourceId)));
    meeting.publishRoster();
    await meeting.rekey();
    return meeting;
  }

  get roster() {
    return new Map(this.parties.map(({ sourceId, identityKey }) => [sourceId, identityKey]));
  }

  /** A change of the roster; `to` hear of it. */
  publishRoster(to = this.parties) {
    this.number += 1;
    for (const party of to) party.engine.setRoster(this.roster, this.number);
  }

  async rekey(to = this.parties, ttlMs = 60_000) {
    this.epoch += 1;
    this.ektBytes = randomBytes(32);
    await this.install(to, ttlMs, this.epoch === 1 ? this.number : this.number + 1);
  }

  /** As a `welcome` does; a rekey comes before the change that names it. */
  async install(to, ttlMs = 60_000, number = this.number) {
    const release = { epoch: this.epoch, spi: this.epoch, ektKey: await importEKT(this.ektBytes), ttlMs, number };
    await Promise.all(to.map((party) => party.engine.installEpoch({ ...release, first: this.epoch === 1 })));
  }
}
