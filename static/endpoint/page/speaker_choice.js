/** Where the others' voices will come out: a choice, and a sound to try it with. */

import { keepChoice } from "./choices.js";
import { Devices } from "./devices.js";
import { byId } from "./elements.js";
import { playTestSound } from "./test_sound.js";
import { DEVICES } from "./words.js";

export class SpeakerChoice {
  #select = byId("speaker-choice", HTMLSelectElement);
  #button = byId("speaker-test", HTMLButtonElement);

  constructor() {
    this.#select.onchange = () => keepChoice({ speakerId: this.id });
    this.#button.onclick = () => void this.#test();
  }

  /** Device id, "" for the system's usual one. */
  get id() {
    return this.#select.value;
  }

  /** @param {string} chosen device id */
  async list(chosen) {
    const canChoose = "setSinkId" in HTMLMediaElement.prototype;
    const speakers = canChoose ? (await Devices.list("audiooutput")).filter(({ deviceId }) => deviceId !== "default") : [];
    const usual = new Option(DEVICES.usual, "");
    const others = speakers.map(({ label, deviceId }) => new Option(label || "Unnamed speaker", deviceId, false, deviceId === chosen));
    this.#select.replaceChildren(usual, ...others);
    this.#select.disabled = speakers.length === 0;
  }

  async #test() {
    if (this.#button.getAttribute("aria-busy") === "true") {
      return;
    }
    this.#button.setAttribute("aria-busy", "true");
    this.#say(DEVICES.speakerPlays);
    const words = await playTestSound(this.id).then(
      () => DEVICES.speakerPlayed,
      () => DEVICES.speakerFailed,
    );
    this.#button.removeAttribute("aria-busy");
    this.#say(words);
  }

  /** @param {string} words */
  #say(words) {
    byId("speaker-words", HTMLElement).textContent = words;
  }
}
