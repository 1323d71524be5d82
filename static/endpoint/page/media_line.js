/** The line to the others, through the conference provider's frame: made, made again when it breaks, and ended. */

import { createCall, STEADY_MS } from "../call/call.js";
import { JoinPace } from "../call/pace.js";
import { byId, fromTemplate } from "./elements.js";
import { codeOf } from "./worker_port.js";

const PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 8_000;

/**
 * @typedef {import("../call/call.js").CallState} CallState
 * @typedef {import("../call/publisher.js").Track} Track
 * @typedef {{port: import("./worker_port.js").WorkerPort, tracks: () => import("../call/publisher.js").Tracks,
 *   onRemoteTrack: (remote: import("../call/subscriber.js").RemoteTrack) => void, onRemoteGone: (id: string) => void,
 *   onState: (state: CallState) => void, onProblem: (code: string) => void}} LineOptions `tracks`: what is to be sent now
 */

export class MediaLine {
  #options;
  #provider = "";
  /** @type {ReturnType<typeof createCall> | null} */
  #call = null;
  #pace = new JoinPace();
  #closures = 0;
  #steady = 0;
  #isOver = false;

  /** @param {LineOptions} options */
  constructor(options) {
    this.#options = options;
  }

  /** @param {string} provider origin */
  start(provider) {
    this.#provider = provider;
    this.#connect();
  }

  /** Its owner says so: that is no loop. */
  again() {
    this.#pace = new JoinPace();
    this.#connect();
  }

  /** @param {Track} kind @param {MediaStreamTrack | null} track */
  async replace(kind, track) {
    await this.#call?.replace(kind, track);
  }

  /** How high somebody's picture is shown, in pixels of the screen. @param {string} id @param {number} height */
  setHeight(id, height) {
    this.#call?.setHeight(id, height);
  }

  /** The frame did what it must not: it goes at once, and the call with it. @param {string} code */
  expel(code) {
    this.#call?.fail(code);
    byId("provider-frame", HTMLElement).replaceChildren();
  }

  stop() {
    this.#isOver = true;
    clearTimeout(this.#steady);
    this.#call?.close();
    byId("provider-frame", HTMLElement).replaceChildren();
  }

  #connect() {
    const { port, tracks, onRemoteTrack, onRemoteGone } = this.#options;
    const frame = fromTemplate("frame-template");
    byId("provider-frame", HTMLElement).replaceChildren(frame);
    this.#call = createCall({
      frame: /** @type {HTMLIFrameElement} */ (frame),
      providerOrigin: this.#provider,
      worker: port.worker,
      getJoin: async () => {
        await this.#pace.turn();
        return port.request("join-document");
      },
      counters: () => port.request("counters"),
      onRemoteTrack,
      onRemoteGone: ({ id }) => onRemoteGone(id),
      onState: (state) => this.#stateChanged(state),
      onProblem: (code) => this.#problem(code),
    });
    Promise.resolve(this.#call.publish(tracks())).catch((error) => this.#problem(codeOf(error)));
  }

  /**
   * The provider closed the call, but who is in the conference is the KMF's to say: as long as it does, join again.
   *
   * @param {number} pauseMs
   */
  #connectAfter(pauseMs) {
    const longest = Math.min(pauseMs, LONGEST_PAUSE_MS);
    setTimeout(
      () => {
        if (!this.#isOver) {
          this.#connect();
        }
      },
      longest * (0.5 + Math.random() / 2),
    );
  }

  /** @param {CallState} state */
  #stateChanged(state) {
    if (this.#isOver) {
      return;
    }
    this.#options.onState(state);
    clearTimeout(this.#steady);
    if (state === "connected") {
      this.#steady = setTimeout(() => (this.#closures = 0), STEADY_MS);
    } else if (state === "closed") {
      this.#connectAfter(PAUSE_MS * 2 ** this.#closures++);
    }
  }

  /** @param {string} code */
  #problem(code) {
    if (!this.#isOver) {
      this.#options.onProblem(code);
    }
  }
}
