/** What one sends: camera, microphone and screen, their buttons, and what is told about them. */

import { announce } from "./announcer.js";
import { showSharing, showToggle } from "./controls.js";
import { OwnScreen } from "./own_screen.js";
import { toggledWords } from "./words.js";

/**
 * @typedef {import("./devices.js").Kind} Kind
 * @typedef {import("../call/publisher.js").Track} Track
 * @typedef {{devices: import("./devices.js").Devices, banner: import("./banner.js").Banner,
 *   replace: (track: Track, media: MediaStreamTrack | null) => Promise<void>, onShown: () => void,
 *   onChanged: () => void}} OwnMediaOptions `onShown`: one's own tile is to be looked at; `onChanged`: what is sent changed
 */

export class OwnMedia {
  #options;
  #screen = new OwnScreen();
  /** @type {Set<Kind | "screen">} */
  #busy = new Set();
  #isOver = false;

  /** @param {OwnMediaOptions} options */
  constructor(options) {
    this.#options = options;
  }

  start() {
    this.#options.devices.onChanged = (kind) => void this.#send(kind);
    this.#screen.onChanged = () => void this.#screenChanged();
    this.#show();
  }

  /** The screen is no longer shared; the devices belong to the page. */
  stop() {
    this.#isOver = true;
    this.#options.devices.onChanged = () => undefined;
    this.#screen.onChanged = () => undefined;
    this.#screen.stop();
    showSharing({ on: false, busy: false });
  }

  /** @returns {import("../call/publisher.js").Tracks} */
  get tracks() {
    const { camera, mic } = this.#options.devices;
    const { picture, sound } = this.#screen;
    return { mic: mic ?? undefined, camera: camera ?? undefined, screen: picture ?? undefined, "screen-audio": sound ?? undefined };
  }

  get isSending() {
    return Object.values(this.tracks).some((track) => track !== undefined);
  }

  /** By a key, wherever the focus is: what came of it is said. @param {Kind} kind */
  async toggleByKey(kind) {
    const before = this.#options.devices[kind] !== null;
    await this.toggle(kind);
    const after = this.#options.devices[kind] !== null;
    if (before !== after && !this.#isOver) {
      announce(toggledWords(kind, after));
    }
  }

  /** @param {Kind} kind */
  async toggle(kind) {
    const { devices, banner } = this.#options;
    if (this.#busy.has(kind)) {
      return;
    }
    if (devices[kind]) {
      devices.turnOff(kind);
      await this.#send(kind);
      return;
    }
    this.#busy.add(kind);
    showToggle(kind, { on: false, busy: true });
    const isOpen = await devices.open(kind).then(
      () => true,
      () => false,
    );
    this.#busy.delete(kind);
    if (!this.#isOver) {
      banner.set(kind === "camera" ? "camera" : "microphone", !isOpen);
      this.#show();
    }
  }

  /** Share the screen, or stop it. */
  async toggleScreen() {
    if (this.#screen.picture) {
      this.#screen.stop();
      return;
    }
    if (this.#busy.has("screen")) {
      return;
    }
    this.#busy.add("screen");
    this.#show();
    const problem = await this.#screen.start().then(
      () => "",
      (error) => (error instanceof DOMException ? error.name : "Error"),
    );
    this.#busy.delete("screen");
    if (!this.#isOver) {
      // Whoever closed the browser's question knows it; only what he cannot know is said.
      this.#options.banner.set("screen", problem !== "" && problem !== "NotAllowedError", this.#dismiss("screen"));
      this.#show();
    }
  }

  /** @param {string} code of the banner */
  #dismiss(code) {
    return { words: "Dismiss", run: () => this.#options.banner.set(code, false) };
  }

  async #screenChanged() {
    const { picture, sound } = this.#screen;
    announce(picture ? "You share your screen" : "You no longer share your screen");
    this.#show();
    this.#options.onChanged();
    await this.#options.replace("screen", picture);
    await this.#options.replace("screen-audio", sound);
  }

  /** @param {Kind} kind */
  async #send(kind) {
    if (this.#isOver) {
      return;
    }
    this.#show();
    this.#options.onChanged();
    await this.#options.replace(kind, this.#options.devices[kind]);
  }

  #show() {
    const { camera, mic } = this.#options.devices;
    showToggle("camera", { on: camera !== null, busy: this.#busy.has("camera") });
    showToggle("mic", { on: mic !== null, busy: this.#busy.has("mic") });
    showSharing({ on: this.#screen.picture !== null, busy: this.#busy.has("screen") });
    this.#options.onShown();
  }
}
