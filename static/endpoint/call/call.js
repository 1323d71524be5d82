/**
 * A call: join through the conference application's frame, publish, receive, come back after a break, end.
 * The frame carries session descriptions and nothing else; tracks and keys never reach it.
 */

import { CallError } from "./errors.js";
import { connectFrame, FramePort } from "./frame_port.js";
import { pauseMs } from "./pace.js";
import { Publisher } from "./publisher.js";
import { Subscriber } from "./subscriber.js";
import { Watchdog } from "./watchdog.js";

/** @typedef {import("./publisher.js").Track} Track */
/** @typedef {import("./publisher.js").Tracks} Tracks */
/** @typedef {import("./frame_port.js").FrameMessage} FrameMessage */
/** @typedef {"connecting" | "connected" | "reconnecting" | "failed" | "closed"} CallState */
/**
 * @typedef {{frame: HTMLIFrameElement, providerOrigin: string, worker: Worker, iceTransportPolicy?: RTCIceTransportPolicy,
 *   getJoin: () => Promise<{handle: string, url: string, token: string, proof: string}>,
 *   counters: () => Promise<import("./watchdog.js").Counters>,
 *   onRemoteTrack: (remote: import("./subscriber.js").RemoteTrack) => void, onRemoteGone: (remote: {id: string}) => void,
 *   onState: (state: CallState) => void, onProblem: (code: string) => void}} CallOptions
 */

/** A line that is silent for so long is not waited for: its end would be told a quarter of a minute later. */
const CUT_MS = 3_000;
/** What the provider has not answered by then it is asked anew. */
const ANSWER_MS = 15_000;
/** A change of the network is told several times over. */
const WAY_MS = 2_000;
/** Connected for so long, the next break counts as the first again. */
export const STEADY_MS = 30_000;
/** After these there is nothing to come back to. */
const FINAL = new Set(["closed", "evicted", "replaced", "ended", "denied"]);

/** @param {CallOptions} options */
export function createCall(options) {
  const call = new Call(options);
  void call.start();
  return {
    /** @param {Tracks} tracks */
    publish: (tracks) => call.publish(tracks),
    /** @param {Track} kind @param {MediaStreamTrack | null} track */
    replace: (kind, track) => call.replace(kind, track),
    /** @param {string} [code] */
    close: (code) => call.close(code),
    /** It must not go on. @param {string} code */
    fail: (code) => call.fail(code),
    /** A remote picture is shown at this height now. @param {string} id @param {number} height pixels of the screen */
    setHeight: (id, height) => call.setHeight(id, height),
  };
}

class Call {
  #options;
  #ended = new AbortController();
  /** @type {FramePort | null} */
  #port = null;
  /** @type {Publisher | null} */
  #publisher = null;
  /** @type {Subscriber | null} */
  #subscriber = null;
  /** @type {Watchdog | null} */
  #watchdog = null;
  /** @type {Tracks | null} */
  #tracks = null;
  /** @type {CallState | null} */
  #state = null;
  #failures = 0;
  /** Counts the pairs of connections. */
  #generation = 0;
  #joining = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #steady = undefined;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #pause = undefined;
  /** Lines that are silent now. @type {Set<"publish" | "subscribe">} */
  #silent = new Set();
  /** Lines that were connected once. @type {Set<"publish" | "subscribe">} */
  #held = new Set();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #cut = undefined;
  #foundWayAt = -Infinity;
  /** Runs while the provider owes an answer. @type {ReturnType<typeof setTimeout> | undefined} */
  #answer = undefined;

  /** @param {CallOptions} options */
  constructor(options) {
    this.#options = options;
  }

  async start() {
    const { signal } = this.#ended;
    window.addEventListener("online", this.#networkChanged, { signal });
    const { connection } = /** @type {{connection?: EventTarget}} */ (navigator);
    connection?.addEventListener("change", this.#networkChanged, { signal });
    this.#say("connecting");
    try {
      const port = await connectFrame(this.#options.frame, this.#ended.signal);
      this.#port = new FramePort(port, {
        onMessage: (message) => void this.#take(message),
        onBroken: (code) => this.fail(code),
      });
    } catch {
      // Whoever did not answer may later: the caller tries again, with a new frame.
      this.#finish("closed", "frame_silent");
      return;
    }
    await this.#join();
  }

  /** @param {Tracks} tracks */
  async publish(tracks) {
    this.#tracks = { ...this.#tracks, ...tracks };
    await this.#publisher?.publish(this.#tracks);
  }

  /** @param {Track} kind @param {MediaStreamTrack | null} track */
  async replace(kind, track) {
    this.#tracks = { ...this.#tracks, [kind]: track };
    await this.#publisher?.replace(kind, track);
  }

  /** @param {string} id @param {number} height */
  setHeight(id, height) {
    this.#subscriber?.setHeight(id, height);
  }

  /** @param {string} [code] */
  close(code) {
    if (this.#ended.signal.aborted) return;
    this.#port?.send({ type: "leave" });
    this.#finish("closed", code);
  }

  async #join() {
    try {
      const join = await this.#options.getJoin();
      const expected = `${this.#options.providerOrigin}/conferences/${join.handle}/join`;
      if (join.url !== expected) throw new CallError("join_url");
      if (this.#ended.signal.aborted) return;
      this.#joining = true;
      this.#port?.send({ type: "join", ...join });
      this.#awaitAnswer();
    } catch (error) {
      this.#comeBack(codeOf(error));
    }
  }

  /** @param {FrameMessage} message */
  async #take(message) {
    if (this.#ended.signal.aborted) return;
    const generation = message.type === "joined" ? this.#generation + 1 : this.#generation;
    try {
      switch (message.type) {
        case "joined":
          // Between two joins the answer to the one that was given up may still come.
          if (this.#pause !== undefined) return;
          if (!this.#joining) {
            this.fail("frame_message");
            return;
          }
          this.#joining = false;
          clearTimeout(this.#answer);
          await this.#connect(message.iceServers);
          break;
        case "published":
          clearTimeout(this.#answer);
          await this.#publisher?.answer(message.sdp);
          break;
        case "offer":
          this.#subscriber?.offer(message.sdp, message.streams);
          break;
        case "gone":
          this.#joining = false;
          if (FINAL.has(message.code)) this.#finish("closed", message.code);
          else this.#comeBack(message.code);
          break;
      }
    } catch (error) {
      // What was under way when the line was taken down fails with it, and means nothing.
      if (generation === this.#generation) this.fail(codeOf(error));
    }
  }

  /** @param {RTCIceServer[]} iceServers */
  async #connect(iceServers) {
    this.#disconnect();
    const { worker, iceTransportPolicy = "all", onRemoteTrack, onRemoteGone, counters } = this.#options;
    const configuration = { iceServers, iceTransportPolicy };
    const publisher = (this.#publisher = new Publisher({
      worker,
      configuration,
      onState: (state) => this.#connectionState("publish", state),
      send: (offer) => {
        this.#port?.send({ type: "publish", ...offer });
        this.#awaitAnswer();
      },
    }));
    this.#subscriber = new Subscriber({
      worker,
      configuration,
      onState: (state) => this.#connectionState("subscribe", state),
      send: (answer) => this.#port?.send({ type: "answer", ...answer }),
      choose: (streams) => this.#port?.send({ type: "layout", streams }),
      onRemoteTrack,
      onRemoteGone,
      onBroken: (code) => this.fail(code),
    });
    this.#watchdog = new Watchdog({
      watched: () => ({ senders: this.#publisher?.senders ?? [], receivers: this.#subscriber?.receivers ?? [] }),
      counters,
      onUnprotected: () => this.fail("unprotected_media"),
      onUnwatched: () => this.#comeBack("unwatched_media"),
    });
    if (this.#tracks) await publisher.publish(this.#tracks);
  }

  /** @param {"publish" | "subscribe"} line @param {RTCPeerConnectionState} state */
  #connectionState(line, state) {
    if (state === "connected") {
      this.#silent.delete(line);
      this.#held.add(line);
      this.#lineIsBack(line);
    } else if (state === "disconnected" || (state === "failed" && this.#held.has(line))) {
      this.#lineIsCut(line);
    } else if (state === "failed") {
      this.#comeBack("connection_failed");
    }
  }

  /** A line that held before may have another way to the MDD; without one soon, a new join. @param {"publish" | "subscribe"} line */
  #lineIsCut(line) {
    this.#say("reconnecting");
    this.#cut ??= setTimeout(() => this.#comeBack("connection_cut"), CUT_MS);
    if (!this.#silent.has(line)) this.#findWay(line);
    this.#silent.add(line);
  }

  /** Find a way to the MDD anew, without a new join. @param {"publish" | "subscribe"} line */
  #findWay(line) {
    if (line === "subscribe") this.#port?.send({ type: "restart" });
    // What fails here shows in the state of the connection.
    else void this.#publisher?.restart().catch(() => undefined);
  }

  /** The network is there again, or another one: what was found out about the way to the MDD does not hold any more. */
  #networkChanged = () => {
    if (this.#publisher === null || performance.now() - this.#foundWayAt < WAY_MS) return;
    this.#foundWayAt = performance.now();
    this.#findWay("publish");
    this.#findWay("subscribe");
  };

  /** @param {"publish" | "subscribe"} line */
  #lineIsBack(line) {
    if (this.#silent.size > 0 || (line === "subscribe" && this.#cut === undefined)) return;
    clearTimeout(this.#cut);
    this.#cut = undefined;
    clearTimeout(this.#steady);
    this.#steady = setTimeout(() => (this.#failures = 0), STEADY_MS);
    this.#say("connected");
  }

  /** Whoever carries the call may hang: it is told to give up, and asked anew. */
  #awaitAnswer() {
    clearTimeout(this.#answer);
    this.#answer = setTimeout(() => {
      this.#joining = false;
      this.#port?.send({ type: "leave" });
      this.#comeBack("provider_silent");
    }, ANSWER_MS);
  }

  /** Join again, after a pause that grows. @param {string} code */
  #comeBack(code) {
    if (this.#ended.signal.aborted || this.#pause !== undefined) return;
    this.#disconnect();
    this.#say("reconnecting");
    this.#options.onProblem(code);
    const pause = pauseMs(this.#failures);
    this.#failures += 1;
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      void this.#join();
    }, pause);
  }

  #disconnect() {
    this.#generation += 1;
    clearTimeout(this.#answer);
    clearTimeout(this.#steady);
    clearTimeout(this.#cut);
    this.#cut = undefined;
    this.#silent.clear();
    this.#held.clear();
    this.#watchdog?.stop();
    this.#publisher?.close();
    this.#subscriber?.close();
    this.#watchdog = this.#publisher = this.#subscriber = null;
  }

  /** @param {string} code */
  fail(code) {
    if (this.#ended.signal.aborted) return;
    this.#port?.send({ type: "leave" });
    this.#finish("failed", code);
  }

  /** @param {CallState} state @param {string} [code] */
  #finish(state, code) {
    if (this.#ended.signal.aborted) return;
    this.#ended.abort();
    clearTimeout(this.#pause);
    this.#disconnect();
    // The frame still has to say good-bye to the provider; its end of the line closes with it.
    this.#port = null;
    this.#say(state);
    if (code !== undefined) this.#options.onProblem(code);
  }

  /** @param {CallState} state */
  #say(state) {
    if (this.#state === state) return;
    this.#state = state;
    this.#options.onState(state);
  }
}

/** @param {unknown} error */
function codeOf(error) {
  const code = /** @type {{code?: unknown}} */ (error)?.code;
  return typeof code === "string" ? code : "call";
}
