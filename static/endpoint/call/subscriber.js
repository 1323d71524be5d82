/** The others' media: one peer connection that only receives. Each track goes through the worker before it can be decoded. */

import { CODEC } from "./codecs.js";
import { CallError } from "./errors.js";
import { LayerChoice } from "./layers.js";
import { checkOffer } from "./sdp.js";
import { withoutCandidates, writeDescription } from "./sdp_write.js";

/** @typedef {import("./frame_port.js").PlacedStream} PlacedStream */
/** @typedef {import("./sdp.js").Description} Description */
/** @typedef {{id: string, kind: string, track: MediaStreamTrack, stream: MediaStream}} RemoteTrack */
/** @typedef {{id: string, feed: string, track: string, receiver: RTCRtpReceiver, ids: string[]}} Received */

let made = 0;
/** The worker lets each id of a receiver go on with the counters of the one before; it may not have heard of the newest yet. */
const IDS_KEPT = 4;
/** So many offers may wait; an honest provider waits for the answer. */
const MOST_WAITING = 8;

export class Subscriber {
  #connection;
  #options;
  /** @type {Map<string, Received>} by mid */
  #received = new Map();
  /** The latest ids of each receiver, by mid: its statistics go on when it is used again. @type {Map<string, string[]>} */
  #ids = new Map();
  #queue = Promise.resolve();
  #waiting = 0;
  #closed = false;
  #layers;

  /**
   * @param {{worker: Worker, configuration: RTCConfiguration, onState: (state: RTCPeerConnectionState) => void,
   *   send: (answer: {sdp: string}) => void, choose: (streams: {mid: string, layer: number}[]) => void, onRemoteTrack: (remote: RemoteTrack) => void,
   *   onRemoteGone: (remote: {id: string}) => void, onBroken: (code: string) => void}} options
   */
  constructor(options) {
    this.#options = options;
    this.#connection = new RTCPeerConnection({ ...options.configuration, bundlePolicy: "max-bundle" });
    this.#connection.onconnectionstatechange = () => options.onState(this.#connection.connectionState);
    this.#layers = new LayerChoice({ shown: () => this.#pictures(), send: options.choose });
  }

  /** Take an offer; offers are answered one after the other. @param {string} sdp @param {PlacedStream[]} streams */
  offer(sdp, streams) {
    if (this.#waiting >= MOST_WAITING) {
      this.#options.onBroken("too_many_offers");
      return;
    }
    this.#waiting += 1;
    this.#queue = this.#queue
      .then(() => (this.#closed ? undefined : this.#take(sdp, streams)))
      .catch((error) => this.#broken(error))
      .finally(() => (this.#waiting -= 1));
  }

  /** @param {unknown} error */
  #broken(error) {
    // What was under way when it was closed fails with it, and means nothing.
    if (!this.#closed) this.#options.onBroken(error instanceof CallError ? error.code : "subscription");
  }

  /** A picture is shown at this height now. @param {string} id @param {number} height pixels of the screen */
  setHeight(id, height) {
    this.#layers.setHeight(id, height);
  }

  #pictures() {
    const received = [...this.#received].filter(([, { receiver }]) => receiver.track.kind === "video");
    return received.map(([mid, { id, receiver }]) => ({ mid, id, receiver }));
  }

  close() {
    this.#closed = true;
    this.#layers.stop();
    this.#connection.onconnectionstatechange = null;
    this.#connection.ontrack = null;
    this.#connection.close();
    for (const mid of [...this.#received.keys()]) this.#withdraw(mid);
    // Their transforms do not end by themselves.
    this.#options.worker.postMessage({ type: "detach", ids: [...this.#ids.values()].flat() });
  }

  /** What the watchdog looks at. */
  get receivers() {
    return [...this.#received.values()].map(({ receiver, ids }) => ({ receiver, ids }));
  }

  /** @param {string} sdp @param {PlacedStream[]} streams */
  async #take(sdp, streams) {
    const description = checkOffer(sdp);
    const placed = new Map(streams.map((stream) => [stream.mid, stream]));
    this.#withdrawOthers(description, placed);
    // The events of setRemoteDescription come before any packet can be decoded: the transform is set within them.
    this.#connection.ontrack = (event) => this.#receive(event, placed);
    await this.#connection.setRemoteDescription({ type: "offer", sdp: writeDescription(description) });
    this.#receiveReused(description, placed);
    this.#checkDirections();
    await this.#connection.setLocalDescription(await this.#connection.createAnswer());
    if (this.#closed) return;
    this.#options.send({ sdp: withoutCandidates(this.#connection.localDescription?.sdp ?? "") });
    this.#layers.choose();
  }

  /** Sections that ended, or hold another stream now. @param {Description} description @param {Map<string, PlacedStream>} placed */
  #withdrawOthers(description, placed) {
    const living = new Set(description.media.filter(({ direction }) => direction === "sendonly").map(({ mid }) => mid));
    for (const [mid, { feed, track }] of [...this.#received]) {
      const stream = placed.get(mid);
      if (!living.has(mid)) this.#end(mid);
      else if (stream?.feed !== feed || stream.track !== track) this.#withdraw(mid);
    }
  }

  /** A section that ended: its statistics begin anew when it is used again, and whoever was seen there may be seen elsewhere at once. @param {string} mid */
  #end(mid) {
    this.#withdraw(mid);
    this.#options.worker.postMessage({ type: "detach", ids: this.#ids.get(mid) ?? [] });
    this.#ids.delete(mid);
  }

  /** @param {string} mid */
  #withdraw(mid) {
    const gone = this.#received.get(mid);
    this.#received.delete(mid);
    if (gone) this.#options.onRemoteGone({ id: gone.id });
  }

  /** @param {RTCTrackEvent} event @param {Map<string, PlacedStream>} placed */
  #receive({ transceiver }, placed) {
    this.#attach(transceiver, placed);
  }

  /** A section that goes on with another stream fires no event. @param {Description} description @param {Map<string, PlacedStream>} placed */
  #receiveReused(description, placed) {
    const living = new Set(description.media.filter(({ direction }) => direction === "sendonly").map(({ mid }) => mid));
    for (const transceiver of this.#connection.getTransceivers()) {
      if (living.has(transceiver.mid ?? "") && !this.#received.has(transceiver.mid ?? "")) this.#attach(transceiver, placed);
    }
  }

  /** @param {RTCRtpTransceiver} transceiver @param {Map<string, PlacedStream>} placed */
  #attach(transceiver, placed) {
    const mid = transceiver.mid ?? "";
    const { receiver } = transceiver;
    const kind = receiver.track.kind === "audio" ? "audio" : "video";
    const { feed, track } = placed.get(mid) ?? { feed: "", track: kind === "audio" ? "mic" : "camera" };
    const id = `receive-${(made += 1)}`;
    const earlier = this.#ids.get(mid) ?? [];
    const ids = [...earlier, id].slice(-IDS_KEPT);
    const options = { direction: "receive", id, after: earlier.at(-1), track, codec: CODEC[kind] };
    receiver.transform = new RTCRtpScriptTransform(this.#options.worker, options);
    this.#ids.set(mid, ids);
    this.#received.set(mid, { id, feed, track, receiver, ids });
    this.#options.onRemoteTrack({ id, kind, track: receiver.track, stream: new MediaStream([receiver.track]) });
  }

  #checkDirections() {
    for (const transceiver of this.#connection.getTransceivers()) {
      if (transceiver.direction === "sendrecv" || transceiver.direction === "sendonly") throw new CallError("sdp_direction");
    }
  }
}
