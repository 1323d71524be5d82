/** The two lines that may be cut, to the key service and to the others, as the banner tells of them. */

import { announce } from "./announcer.js";

export class Lines {
  #banner;
  /** @type {Set<string>} */
  #cut = new Set();

  /** @param {import("./banner.js").Banner} banner */
  constructor(banner) {
    this.#banner = banner;
  }

  /** @param {"reconnecting" | "media_reconnecting"} line @param {boolean} isCut */
  set(line, isCut) {
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
}
