/** One line above the stage: of all that is amiss, the gravest. */

import { byId } from "./elements.js";
import { BANNERS } from "./words.js";

/** From the gravest to the least. */
const ORDER = ["stopped", "expired", "offline", "stale", "reconnecting", "media_failed", "provider_silent", "media_reconnecting", "knocking", "sound", "screen", "camera", "microphone", "duplicate"];
const GRAVE = new Set(["stopped", "expired", "media_failed"]);
/** Something is being tried: the line moves. */
const BUSY = new Set(["stopped", "expired", "offline", "stale", "reconnecting", "provider_silent", "media_reconnecting"]);

export class Banner {
  #active = new Set();
  /** @type {Map<string, {words: string, run: () => void}>} */
  #actions = new Map();
  #element = byId("banner", HTMLElement);

  /**
   * Something began or ended.
   *
   * @param {string} code of words.js, BANNERS
   * @param {boolean} active
   * @param {{words: string, run: () => void}} [action] what can be done about it
   */
  set(code, active, action) {
    if (active) {
      this.#active.add(code);
    } else {
      this.#active.delete(code);
    }
    if (action) {
      this.#actions.set(code, action);
    }
    this.#show();
  }

  clear() {
    this.#active.clear();
    this.#show();
  }

  #show() {
    const code = ORDER.find((candidate) => this.#active.has(candidate)) ?? "";
    if (this.#element.dataset.code === code) {
      return;
    }
    this.#element.dataset.code = code;
    this.#element.dataset.grave = String(GRAVE.has(code));
    this.#element.dataset.busy = String(BUSY.has(code));
    this.#element.setAttribute("role", GRAVE.has(code) ? "alert" : "status");
    byId("banner-words", HTMLElement).textContent = BANNERS[code] ?? "";
    const action = this.#actions.get(code);
    const button = byId("banner-action", HTMLButtonElement);
    button.hidden = !action;
    button.textContent = action?.words ?? "";
    button.onclick = action?.run ?? null;
  }
}
