/** Before joining: see yourself, hear yourself, choose devices. Nothing is sent. */

import { choices, keepChoice } from "./choices.js";
import { Devices, deviceProblem } from "./devices.js";
import { byId, setIcon } from "./elements.js";
import { LevelMeter } from "./level_meter.js";
import { SpeakerChoice } from "./speaker_choice.js";
import { DEVICES } from "./words.js";

const METER_MS = 80;
/** @type {Kind[]} */
const KINDS = ["mic", "camera"];

/** @typedef {import("./devices.js").Kind} Kind */

export class Prejoin {
  #devices;
  #speaker = new SpeakerChoice();
  /** @type {LevelMeter | null} */
  #meter = null;
  #timer = 0;
  #stopped = false;
  #video = byId("preview-video", HTMLVideoElement);
  #buttons = { camera: byId("preview-camera", HTMLButtonElement), mic: byId("preview-mic", HTMLButtonElement) };
  #selects = { camera: byId("camera-choice", HTMLSelectElement), mic: byId("mic-choice", HTMLSelectElement) };
  /** Devices that did not open, and why. @type {Map<Kind, "refused" | "missing" | "busy">} */
  #problems = new Map();
  /** Devices on their way. @type {Set<Kind>} */
  #opening = new Set();

  /** @param {{devices: Devices, onJoin: (options: {speaker: string}) => void}} options */
  constructor({ devices, onJoin }) {
    this.#devices = devices;
    this.#buttons.camera.onclick = () => this.#toggle("camera");
    this.#buttons.mic.onclick = () => this.#toggle("mic");
    this.#selects.camera.onchange = () => this.#choose("camera");
    this.#selects.mic.onchange = () => this.#choose("mic");
    byId("prejoin-retry", HTMLButtonElement).onclick = () => void this.#retry();
    byId("join", HTMLButtonElement).onclick = () => onJoin({ speaker: this.#speaker.id });
  }

  /** Open both devices, as far as they can be had and are wanted, and show them. Who joins meanwhile gets them there. */
  async start() {
    this.#timer = setInterval(() => this.#showLevel(), METER_MS);
    navigator.mediaDevices.ondevicechange = () => void this.#list();
    this.#devices.onChanged = (kind) => this.#show(kind);
    this.#sayPreview(DEVICES.starting);
    // One after the other: two questions at once hide one another in some browsers.
    const { closures } = this.#devices;
    KINDS.filter((kind) => !this.#devices.isWanted(kind)).forEach((kind) => this.#show(kind));
    for (const kind of KINDS) {
      if (this.#devices.closures === closures && this.#devices.isWanted(kind)) {
        await this.#open(kind);
      } else {
        this.#show(kind);
      }
    }
    await this.#list();
  }

  /** The screen goes; the devices stay as they are. */
  stop() {
    if (this.#stopped) {
      return;
    }
    this.#stopped = true;
    this.#devices.onChanged = () => undefined;
    clearInterval(this.#timer);
    this.#meter?.stop();
    this.#meter = null;
    this.#video.srcObject = null;
    navigator.mediaDevices.ondevicechange = null;
  }

  /** @param {Kind} kind */
  async #toggle(kind) {
    // A camera that is still starting is turned off by the same button as one that is on.
    const isOn = this.#devices[kind] !== null || this.#opening.has(kind);
    keepChoice({ [kind]: !isOn });
    if (isOn) {
      this.#opening.delete(kind);
      this.#devices.turnOff(kind);
      this.#show(kind);
    } else {
      await this.#open(kind);
    }
  }

  /** @param {Kind} kind */
  async #choose(kind) {
    const { value } = this.#selects[kind];
    keepChoice({ [`${kind}Id`]: value, [kind]: true });
    await this.#open(kind, value);
  }

  /** Those that did not open. The browser asks again only where it was not told never to. */
  async #retry() {
    for (const kind of [...this.#problems.keys()]) {
      await this.#open(kind);
    }
    await this.#list();
  }

  /** @param {Kind} kind @param {string} [deviceId] */
  async #open(kind, deviceId) {
    this.#opening.add(kind);
    try {
      await this.#devices.open(kind, deviceId);
      this.#opening.delete(kind);
      this.#problems.delete(kind);
    } catch (error) {
      const isLate = error instanceof DOMException && error.name === "AbortError";
      if (isLate) {
        this.#problems.delete(kind);
      } else {
        this.#opening.delete(kind);
        this.#problems.set(kind, deviceProblem(error));
      }
      this.#show(kind);
    }
    this.#showProblem();
  }

  #showProblem() {
    const [problem] = this.#problems.values();
    byId("prejoin-problem", HTMLElement).hidden = !problem;
    byId("prejoin-problem-words", HTMLElement).textContent = problem ? DEVICES[problem] : "";
    byId("prejoin-help", HTMLElement).hidden = problem !== "refused";
  }

  /** @param {Kind} kind */
  #show(kind) {
    if (this.#stopped) {
      return;
    }
    const track = this.#devices[kind];
    const [word, name] = kind === "camera" ? ["camera", "camera"] : ["microphone", "mic"];
    this.#buttons[kind].setAttribute("aria-pressed", String(track !== null));
    this.#buttons[kind].title = `Turn the ${word} ${track ? "off" : "on"}`;
    setIcon(this.#buttons[kind], track ? name : `${name}-off`);
    if (kind === "camera") {
      this.#showCamera(track);
    } else {
      this.#meter?.stop();
      this.#meter = track ? new LevelMeter(track) : null;
    }
  }

  /** @param {MediaStreamTrack | null} track */
  #showCamera(track) {
    byId("preview", HTMLElement).dataset.camera = track ? "on" : "off";
    this.#video.srcObject = track ? new MediaStream([track]) : null;
    this.#sayPreview(DEVICES.off);
    if (track) {
      void this.#video.play().catch(() => undefined);
    }
  }

  /** @param {string} words */
  #sayPreview(words) {
    byId("preview-words", HTMLElement).textContent = words;
  }

  #showLevel() {
    byId("mic-level", HTMLElement).style.setProperty("--level", String(this.#meter?.level() ?? 0));
  }

  async #list() {
    await fill(this.#selects.camera, "videoinput", (id) => this.#devices.isChosen("camera", id));
    await fill(this.#selects.mic, "audioinput", (id) => this.#devices.isChosen("mic", id));
    await this.#speaker.list(choices().speakerId);
  }
}

/** @param {HTMLSelectElement} select @param {MediaDeviceKind} kind @param {(id: string) => boolean} isChosen */
async function fill(select, kind, isChosen) {
  const devices = await Devices.list(kind);
  const options = devices.map((device) => new Option(device.label || "Unnamed device", device.deviceId, false, isChosen(device.deviceId)));
  select.replaceChildren(...(options.length > 0 ? options : [new Option("None found", "")]));
  select.disabled = options.length === 0;
}
