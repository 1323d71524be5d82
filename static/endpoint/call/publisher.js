/** Our own media: one peer connection that only sends. No frame leaves it but through the worker. */

import { CODEC, KIND, preferOurCodecs } from "./codecs.js";
import { checkAnswer } from "./sdp.js";
import { sectionsOf, withoutCandidates, writeDescription } from "./sdp_write.js";

/** @typedef {"mic" | "camera" | "screen" | "screen-audio"} Track */
/** @typedef {Partial<Record<Track, MediaStreamTrack | null>>} Tracks */

/** Bits a second, at most. @type {Record<Track, number>} */
const BIT_RATE = { mic: 32_000, camera: 1_000_000, screen: 1_800_000, "screen-audio": 64_000 };
/** The camera's layers, the best first: each receiver is sent one of them. A small camera has the first alone. */
const CAMERA_LAYERS = [
  { rid: "h", maxBitrate: BIT_RATE.camera },
  { rid: "l", maxBitrate: 200_000, scaleResolutionDownBy: 2 },
];
let made = 0;

export class Publisher {
  #connection;
  #worker;
  #send;
  /** @type {Map<Track, {transceiver: RTCRtpTransceiver, id: string}>} */
  #senders = new Map();
  #negotiating = false;
  #again = false;

  /**
   * @param {{worker: Worker, configuration: RTCConfiguration, onState: (state: RTCPeerConnectionState) => void,
   *   send: (offer: {sdp: string, tracks: {mid: string, track: string}[]}) => void}} options
   */
  constructor({ worker, configuration, onState, send }) {
    this.#worker = worker;
    this.#send = send;
    this.#connection = new RTCPeerConnection({ ...configuration, bundlePolicy: "max-bundle" });
    this.#connection.onconnectionstatechange = () => onState(this.#connection.connectionState);
  }

  /** Send these tracks; microphone and camera have their place from the start, whether there is a track or not. @param {Tracks} tracks */
  async publish(tracks) {
    for (const track of /** @type {Track[]} */ (["mic", "camera", "screen", "screen-audio"])) {
      const hasPlace = track === "mic" || track === "camera" || this.#senders.has(track);
      if (tracks[track] || hasPlace) await this.#place(track, tracks[track] ?? null);
    }
    await this.#negotiate();
  }

  /** @param {Track} track @param {MediaStreamTrack | null} media */
  async replace(track, media) {
    if (this.#senders.has(track)) {
      await this.#place(track, media);
    } else if (media) {
      await this.#place(track, media);
      await this.#negotiate();
    }
  }

  /** @param {string} sdp the provider's answer */
  async answer(sdp) {
    const offered = sectionsOf(this.#connection.localDescription?.sdp ?? "");
    const description = checkAnswer(sdp, offered);
    await this.#connection.setRemoteDescription({ type: "answer", sdp: writeDescription(description) });
    this.#negotiating = false;
    if (this.#again) await this.#negotiate();
  }

  /** Find a way to the MDD anew: the one there was is broken, or the network is another one. */
  async restart() {
    this.#connection.restartIce();
    if (this.#senders.size > 0) await this.#negotiate();
  }

  close() {
    this.#connection.onconnectionstatechange = null;
    this.#connection.close();
    // Their transforms do not end by themselves.
    this.#worker.postMessage({ type: "detach", ids: [...this.#senders.values()].map(({ id }) => id) });
  }

  /** What the watchdog looks at. */
  get senders() {
    return [...this.#senders.values()].map(({ transceiver, id }) => ({ sender: transceiver.sender, id }));
  }

  /** @param {Track} track @param {MediaStreamTrack | null} media */
  async #place(track, media) {
    const sender = this.#senders.get(track);
    if (sender) {
      await sender.transceiver.sender.replaceTrack(media);
      return;
    }
    const kind = KIND[track];
    const sendEncodings = track === "camera" ? CAMERA_LAYERS : [{ maxBitrate: BIT_RATE[track] }];
    const transceiver = this.#connection.addTransceiver(kind, { direction: "sendonly", sendEncodings });
    // Before a track and before any negotiation: there is no moment at which a frame could pass it by.
    const id = `send-${track}-${(made += 1)}`;
    const options = { direction: "send", id, track, codec: CODEC[kind] };
    transceiver.sender.transform = new RTCRtpScriptTransform(this.#worker, options);
    preferOurCodecs(transceiver, kind);
    this.#senders.set(track, { transceiver, id });
    await transceiver.sender.replaceTrack(media);
  }

  async #negotiate() {
    if (this.#negotiating) {
      this.#again = true;
      return;
    }
    this.#negotiating = true;
    this.#again = false;
    try {
      await this.#connection.setLocalDescription(await this.#connection.createOffer());
    } catch (error) {
      this.#negotiating = false;
      throw error;
    }
    const tracks = [...this.#senders].map(([track, { transceiver }]) => ({ mid: transceiver.mid ?? "", track }));
    this.#send({ sdp: withoutCandidates(this.#connection.localDescription?.sdp ?? ""), tracks });
  }
}
