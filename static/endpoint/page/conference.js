/** The conference while one is in it: worker events to the stage, devices to the line, and every way out. */

import { silence } from "./announcer.js";
import { Banner } from "./banner.js";
import { choices, keepChoice } from "./choices.js";
import { showLayout, wireControls } from "./controls.js";
import { CorePanel } from "./core_panel.js";
import { Door } from "./door.js";
import { byId } from "./elements.js";
import { showEncryption } from "./encryption.js";
import { guardFocus } from "./focus_guard.js";
import { keepFocus } from "./focus_keeper.js";
import { Lines } from "./lines.js";
import { MediaLine } from "./media_line.js";
import { OwnMedia } from "./own_media.js";
import { OwnScreen } from "./own_screen.js";
import { showCode, showPeople } from "./people.js";
import { announceChange, showLocked } from "./roster_news.js";
import { listenToShortcuts } from "./shortcuts.js";
import { Stage } from "./stage.js";
import { Tab } from "./tab.js";

/** Problems of the call after which the media must not go on. */
const UNSAFE = new Set(["unprotected_media"]);
/** Nobody at the provider answered. */
const SILENT = new Set(["provider_silent", "frame_silent"]);

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
  #lines = new Lines(this.#banner);
  #tab = new Tab();
  #door;
  /** @type {CorePanel | null} */
  #corePanel = null;
  #stage;
  #own;
  #line;
  #layout = choices().layout;
  #over = false;
  #ended = new AbortController();

  /** @param {{port: WorkerPort, devices: Devices, speaker: string, onOver: (code: string) => void}} options */
  constructor({ port, devices, speaker, onOver }) {
    this.#port = port;
    this.#devices = devices;
    this.#onOver = onOver;
    this.#door = new Door({ port, banner: this.#banner });
    this.#stage = new Stage({
      counters: () => port.request("counters"),
      onSoundHeld: () => this.#soundHeld(),
      onLocks: showEncryption,
      onShown: (id, height) => this.#line.setHeight(id, height),
    });
    this.#stage.speaker = speaker;
    this.#own = new OwnMedia({
      devices,
      banner: this.#banner,
      replace: (track, media) => this.#line.replace(track, media),
      onShown: () => this.#stage.setOwn(devices.camera, devices.mic),
      onChanged: () => this.#tellMedia(null),
    });
    this.#line = new MediaLine({
      port,
      tracks: () => this.#own.tracks,
      onRemoteTrack: (remote) => this.#stage.addTrack(remote),
      onRemoteGone: (id) => this.#stage.removeTrack(id),
      onState: (state) => this.#lineChanged(state),
      onProblem: (code) => this.#lineProblem(code),
    });
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
      onToggle: (kind) => void this.#own.toggle(kind),
      onShare: () => void this.#own.toggleScreen(),
      canShare: OwnScreen.isPossible,
      onLayout: () => this.#setLayout(this.#layout === "grid" ? "speaker" : "grid"),
      onLeave: () => this.#leave(),
      onOpen: (opened) => opened === "core-panel" && panel.open(),
    });
    listenToShortcuts((kind) => void this.#own.toggleByKey(kind), this.#ended.signal);
    keepFocus(this.#ended.signal);
    guardFocus({ onProvider: () => this.#line.expel("frame_focus"), onCore: () => panel.close(), signal: this.#ended.signal });
    this.#tab.open();
    this.#stage.start();
    this.#setLayout(this.#layout);
    this.#own.start();
    this.#line.start(provider);
    byId("stage", HTMLElement).focus({ preventScroll: true });
  }

  /** @param {import("./choices.js").Choices["layout"]} layout */
  #setLayout(layout) {
    this.#layout = layout;
    keepChoice({ layout });
    this.#stage.setLayout(layout);
    showLayout(layout);
  }

  #listen() {
    this.#hear("roster", (roster) => this.#rosterChanged(roster));
    this.#hear("connection", ({ state, locked }) => {
      this.#lines.set("reconnecting", state === "reconnecting");
      if (locked !== undefined) {
        showLocked(locked);
      }
    });
    this.#hear("freshness", ({ state }) => this.#freshnessChanged(state));
    this.#hear("leave-proof", (goodbye) => (this.#tab.goodbye = goodbye));
    this.#hear("media", ({ media }) => this.#mediaEvent(media));
    this.#hear("over", ({ code }) => this.#end(code));
  }

  /** What is on its way while it ends says nothing to anybody. @param {string} event @param {(news: any) => void} take */
  #hear(event, take) {
    this.#port.on(event, (news) => {
      if (!this.#over) {
        take(news);
      }
    });
  }

  /** @param {any} roster */
  #rosterChanged(roster) {
    this.#stage.setRoster(roster);
    this.#door.rosterChanged(roster);
    showPeople(roster, this.#door.onRemove);
    showCode(roster);
    announceChange(roster);
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
      case "undecryptable":
        this.#stage.refuse(media);
        break;
      case "installed":
        this.#stage.setEpoch(media.epoch);
        this.#banner.set("expired", false);
        break;
      case "expired":
        this.#banner.set("expired", true);
        break;
      case "duplicate-source":
        this.#stage.refuse({ id: media.id, code: "duplicate_source" });
        this.#banner.set("duplicate", true, { words: "Dismiss", run: () => this.#banner.set("duplicate", false) });
        this.#tellMedia("duplicate_source");
        break;
      default:
      // What the worker may say one day does not concern this page.
    }
  }

  /** @param {import("../call/call.js").CallState} state */
  #lineChanged(state) {
    byId("stage", HTMLElement).dataset.media = state;
    const isCut = state === "reconnecting" || state === "closed";
    this.#stage.setCut(isCut);
    this.#lines.set("media_reconnecting", isCut);
    if (!isCut) {
      this.#banner.set("provider_silent", false);
    }
    this.#banner.set("media_failed", state === "failed", { words: "Try again", run: () => this.#line.again() });
  }

  /** @param {string} code */
  #lineProblem(code) {
    this.#tellMedia(code);
    byId("stage", HTMLElement).dataset.problem = code;
    this.#banner.set("provider_silent", SILENT.has(code));
    if (UNSAFE.has(code)) {
      void this.#port.request("leave").catch(() => undefined);
      this.#end(code);
    }
  }

  /** @param {string | null} problem */
  #tellMedia(problem) {
    void this.#port.request("media", { sending: this.#own.isSending, problem }).catch(() => undefined);
  }

  #soundHeld() {
    const run = () => void this.#stage.playSound().then(() => this.#banner.set("sound", false));
    this.#banner.set("sound", true, { words: "Turn the sound on", run });
  }

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
    this.#ended.abort();
    silence();
    this.#tab.close();
    this.#own.stop();
    this.#door.stop();
    this.#banner.clear();
    this.#corePanel?.close();
    this.#line.stop();
    this.#stage.stop();
    this.#devices.closeAll();
    this.#onOver(code);
  }
}
