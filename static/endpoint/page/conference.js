/** The conference while one is in it: worker events to the stage, devices to the call, and every way out. */

import { createCall, STEADY_MS } from "../call/call.js";
import { JoinPace } from "../call/pace.js";
import { announce } from "./announcer.js";
import { Banner } from "./banner.js";
import { showToggle, wireControls } from "./controls.js";
import { CorePanel } from "./core_panel.js";
import { Door } from "./door.js";
import { byId, fromTemplate } from "./elements.js";
import { nameOf, showCode, showPeople } from "./people.js";
import { Stage } from "./stage.js";
import { leftWords, lockWords, TILES } from "./words.js";
import { codeOf } from "./worker_port.js";

const CLOCK_MS = 1_000;
const CALL_PAUSE_MS = 1_000;
const LONGEST_CALL_PAUSE_MS = 8_000;
/** Problems of the call after which the media must not go on. */
const UNSAFE = new Set(["unprotected_media"]);

/**
 * @typedef {import("./worker_port.js").WorkerPort} WorkerPort
 * @typedef {import("./devices.js").Devices} Devices
 * @typedef {import("../worker/roster/bodies.js").Policy} Policy
 */

export class Conference {
  #port;
  #devices;
  #onOver;
  #banner = new Banner();
  #door;
  /** @type {CorePanel | null} */
  #corePanel = null;
  /** Lines that are interrupted. @type {Set<string>} */
  #cut = new Set();
  #stage;
  /** @type {ReturnType<typeof createCall> | null} */
  #call = null;
  #provider = "";
  #closures = 0;
  #steady = 0;
  #pace = new JoinPace();
  /** @type {Set<"mic" | "camera">} */
  #busy = new Set();
  /** @type {{url: string, proof: string} | null} */
  #goodbye = null;
  #over = false;
  #startedAt = 0;
  #clock = 0;
  /** @type {WakeLockSentinel | null} */
  #wakeLock = null;

  /** @param {{port: WorkerPort, devices: Devices, speaker: string, onOver: (code: string) => void}} options */
  constructor({ port, devices, speaker, onOver }) {
    this.#port = port;
    this.#devices = devices;
    this.#door = new Door({ port, banner: this.#banner });
    this.#onOver = onOver;
    this.#stage = new Stage({
      counters: () => port.request("counters"),
      onSoundHeld: () => this.#soundHeld(),
      onLock: (sending) => showSeal(sending),
      onShown: (id, height) => this.#call?.setHeight(id, height),
    });
    this.#stage.speaker = speaker;
    this.#listen();
  }

  /** Ask for the key and the roster. @returns {Promise<Policy>} */
  async join() {
    try {
      return (await this.#port.join()).policy;
    } catch (error) {
      this.#over = true;
      this.#stage.stop();
      throw error;
    }
  }

  /** Not in after all. */
  cancel() {
    this.#over = true;
    this.#stage.stop();
    void this.#port.request("leave").catch(() => undefined);
  }

  /** Over at once, whatever the reason. @param {string} code */
  abort(code) {
    this.#end(code);
  }

  /** Show the stage and connect the media. @param {{provider: string, core: string, policy: Policy}} options */
  start({ provider, core, policy }) {
    byId("title", HTMLElement).textContent = policy.title;
    document.title = `${policy.title} – Conclave`;
    const panel = (this.#corePanel = new CorePanel({ port: this.#port, origin: core }));
    wireControls({
      onToggle: (kind) => void this.#toggle(kind),
      onLeave: () => this.#leave(),
      onOpen: (opened) => opened === "core-panel" && panel.open(),
    });
    this.#devices.onChanged = (kind) => void this.#publishAgain(kind);
    addEventListener("pagehide", this.#sayGoodbye);
    document.addEventListener("visibilitychange", this.#keepAwake);
    this.#startedAt = performance.now();
    this.#clock = setInterval(() => this.#showClock(), CLOCK_MS);
    this.#stage.start();
    this.#showDevices();
    this.#provider = provider;
    this.#connect();
    this.#keepAwake();
    byId("stage", HTMLElement).focus({ preventScroll: true });
  }

  #connect() {
    const frame = fromTemplate("frame-template");
    byId("provider-frame", HTMLElement).replaceChildren(frame);
    this.#call = createCall({
      frame: /** @type {HTMLIFrameElement} */ (frame),
      providerOrigin: this.#provider,
      worker: this.#port.worker,
      getJoin: async () => {
        await this.#pace.turn();
        return this.#port.request("join-document");
      },
      counters: () => this.#port.request("counters"),
      onRemoteTrack: (remote) => this.#stage.addTrack(remote),
      onRemoteGone: ({ id }) => this.#stage.removeTrack(id),
      onState: (state) => this.#callState(state),
      onProblem: (code) => this.#callProblem(code),
    });
    const { mic, camera } = this.#devices;
    Promise.resolve(this.#call.publish({ mic: mic ?? undefined, camera: camera ?? undefined })).catch((error) => this.#callProblem(codeOf(error)));
  }

  /** Its owner says so: that is no loop. */
  #connectAgain() {
    this.#pace = new JoinPace();
    this.#connect();
  }

  /**
   * The provider closed the call, but who is in the conference is the KMF's to say: as long as it does, join again.
   *
   * @param {number} pauseMs
   */
  #connectAfter(pauseMs) {
    const longest = Math.min(pauseMs, LONGEST_CALL_PAUSE_MS);
    setTimeout(
      () => {
        if (!this.#over) {
          this.#connect();
        }
      },
      longest * (0.5 + Math.random() / 2),
    );
  }

  #listen() {
    this.#port.on("roster", (roster) => this.#rosterChanged(roster));
    this.#port.on("connection", ({ state, locked }) => {
      this.#lineChanged("reconnecting", state === "reconnecting");
      if (locked !== undefined) {
        byId("locked", HTMLElement).hidden = !locked;
      }
    });
    this.#port.on("freshness", ({ state }) => this.#freshnessChanged(state));
    this.#port.on("leave-proof", (goodbye) => (this.#goodbye = goodbye));
    this.#port.on("media", ({ media }) => this.#mediaEvent(media));
    this.#port.on("over", ({ code }) => this.#end(code));
  }

  /** @param {"reconnecting" | "media_reconnecting"} line @param {boolean} isCut */
  #lineChanged(line, isCut) {
    const wasCut = this.#cut.size > 0;
    if (isCut) {
      this.#cut.add(line);
    } else {
      this.#cut.delete(line);
    }
    this.#banner.set(line, isCut);
    this.#banner.set("offline", this.#cut.size > 1);
    if (wasCut && this.#cut.size === 0) {
      announce("Connected again");
    }
  }

  /** @param {any} roster */
  #rosterChanged(roster) {
    this.#stage.setRoster(roster);
    this.#door.rosterChanged(roster);
    showPeople(roster, this.#door.onRemove);
    showCode(roster);
    const { cause, joined, left } = roster.change;
    if (cause === "locked" || cause === "unlocked") {
      byId("locked", HTMLElement).hidden = cause === "unlocked";
      announce(lockWords(cause === "locked"));
    }
    if (cause === "snapshot") {
      return;
    }
    for (const entry of joined) {
      if (entry.sourceId !== roster.self) {
        announce(`${nameOf(entry)} joined${entry.invitedBy ? `, invited by ${entry.invitedBy}` : ""}`);
      }
    }
    left.forEach((/** @type {any} */ gone) => announce(leftWords(nameOf(gone.entry), gone.reason)));
  }

  /** @param {string} state */
  #freshnessChanged(state) {
    this.#banner.set("stale", state !== "fresh");
    this.#banner.set("stopped", state === "stopped");
    this.#tellMedia(state === "stopped" ? "stale" : null);
  }

  /** @param {any} media */
  #mediaEvent(media) {
    switch (media.type) {
      case "source":
        this.#stage.bind(media);
        break;
      case "installed":
        this.#stage.setEpoch(media.epoch);
        this.#banner.set("expired", false);
        break;
      case "expired":
        this.#banner.set("expired", true);
        break;
      case "duplicate-source":
        this.#banner.set("duplicate", true, { words: "Dismiss", run: () => this.#banner.set("duplicate", false) });
        this.#tellMedia("duplicate_source");
        break;
      default:
      // Frames that cannot be unlocked show at their tile.
    }
  }

  /** @param {string} state */
  #callState(state) {
    if (this.#over) {
      return;
    }
    byId("stage", HTMLElement).dataset.media = state;
    const isCut = state === "reconnecting" || state === "closed";
    this.#stage.setCut(isCut);
    this.#lineChanged("media_reconnecting", isCut);
    this.#banner.set("media_failed", state === "failed", { words: "Try again", run: () => this.#connectAgain() });
    clearTimeout(this.#steady);
    if (state === "connected") {
      this.#steady = setTimeout(() => (this.#closures = 0), STEADY_MS);
    } else if (state === "closed") {
      this.#connectAfter(CALL_PAUSE_MS * 2 ** this.#closures++);
    }
  }

  /** @param {string} code */
  #callProblem(code) {
    if (this.#over) {
      return;
    }
    this.#tellMedia(code);
    byId("stage", HTMLElement).dataset.problem = code;
    if (UNSAFE.has(code)) {
      void this.#port.request("leave").catch(() => undefined);
      this.#end(code);
    }
  }

  /** @param {string | null} problem */
  #tellMedia(problem) {
    const sending = this.#devices.mic !== null || this.#devices.camera !== null;
    void this.#port.request("media", { sending, problem }).catch(() => undefined);
  }

  /** @param {"mic" | "camera"} kind */
  async #toggle(kind) {
    if (this.#busy.has(kind)) {
      return;
    }
    if (this.#devices[kind]) {
      this.#devices.turnOff(kind);
      await this.#publishAgain(kind);
      return;
    }
    this.#busy.add(kind);
    showToggle(kind, { on: false, busy: true });
    const isOpen = await this.#devices.open(kind).then(
      () => true,
      () => false,
    );
    this.#busy.delete(kind);
    if (!this.#over) {
      this.#banner.set(kind === "camera" ? "camera" : "microphone", !isOpen);
      this.#showDevices();
    }
  }

  /** @param {"mic" | "camera"} kind */
  async #publishAgain(kind) {
    if (this.#over) {
      return;
    }
    this.#showDevices();
    this.#tellMedia(null);
    await this.#call?.replace(kind, this.#devices[kind]);
  }

  #showDevices() {
    const { camera, mic } = this.#devices;
    showToggle("camera", { on: camera !== null, busy: this.#busy.has("camera") });
    showToggle("mic", { on: mic !== null, busy: this.#busy.has("mic") });
    this.#stage.setOwn(camera, mic);
  }

  #soundHeld() {
    const run = () => void this.#stage.playSound().then(() => this.#banner.set("sound", false));
    this.#banner.set("sound", true, { words: "Turn the sound on", run });
  }

  #showClock() {
    const minutes = Math.floor((performance.now() - this.#startedAt) / 60_000);
    byId("clock", HTMLElement).textContent = minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  }

  #keepAwake = () => {
    if (document.visibilityState === "visible" && !this.#over) {
      navigator.wakeLock?.request("screen").then(
        (lock) => (this.#wakeLock = lock),
        () => undefined,
      );
    }
  };

  /** The tab goes: the worker goes with it, so the goodbye was made in advance. */
  #sayGoodbye = () => {
    if (this.#goodbye && !this.#over) {
      const { url, proof } = this.#goodbye;
      void fetch(url, { method: "POST", headers: { DPoP: proof }, keepalive: true, credentials: "omit" }).catch(() => undefined);
    }
  };

  #leave() {
    void this.#port.request("leave").catch(() => undefined);
    this.#end("left");
  }

  /** @param {string} code */
  #end(code) {
    if (this.#over) {
      return;
    }
    this.#over = true;
    removeEventListener("pagehide", this.#sayGoodbye);
    document.removeEventListener("visibilitychange", this.#keepAwake);
    clearInterval(this.#clock);
    clearTimeout(this.#steady);
    this.#devices.onChanged = () => undefined;
    void this.#wakeLock?.release();
    this.#door.stop();
    this.#banner.clear();
    this.#call?.close();
    this.#corePanel?.close();
    this.#stage.stop();
    byId("provider-frame", HTMLElement).replaceChildren();
    this.#devices.closeAll();
    this.#onOver(code);
  }
}

/** The seal at the top says what is true of our own sending. @param {boolean} sending */
function showSeal(sending) {
  byId("seal", HTMLElement).dataset.true = String(sending);
  byId("seal-words", HTMLElement).textContent = sending ? TILES.sending : TILES.notSending;
}
