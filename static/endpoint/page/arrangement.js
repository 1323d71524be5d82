/** How the tiles stand: all alike, or one large and the others beside it. */

import { byId } from "./elements.js";
import { bestTileWidth } from "./grid.js";

/** @typedef {import("./tile.js").Tile} Tile */
/** @typedef {import("./choices.js").Choices["layout"]} Layout */

export class Arrangement {
  #list = byId("tiles", HTMLUListElement);
  #element = byId("stage", HTMLElement);
  /** @type {Tile | null} */
  #large = null;
  #resized = new ResizeObserver(() => this.fit());

  start() {
    this.#resized.observe(this.#element);
    this.fit();
  }

  stop() {
    this.#resized.disconnect();
  }

  /** @param {Tile} tile @param {Tile} before that stands in the list */
  add(tile, before) {
    this.#list.insertBefore(tile.element, before.element);
    this.fit();
  }

  /** @param {Tile} tile the only one */
  begin(tile) {
    this.#list.replaceChildren(tile.element);
    this.fit();
  }

  /** Which tile is large. @param {Tile | null} tile null: all are alike */
  enlarge(tile) {
    if (tile === this.#large) {
      return;
    }
    this.#large?.element.removeAttribute("data-large");
    this.#large = tile;
    tile?.element.setAttribute("data-large", "true");
    this.fit();
  }

  /** The number of tiles or the room for them changed. */
  fit() {
    const count = this.#list.childElementCount;
    const { clientWidth, clientHeight } = this.#element;
    const isAlike = this.#large === null;
    this.#list.style.setProperty("--tile-width", `${bestTileWidth(count, clientWidth, clientHeight)}px`);
    this.#list.style.setProperty("--others", String(Math.max(1, count - 1)));
    this.#list.dataset.count = String(count);
    this.#list.dataset.layout = isAlike ? "alike" : "large";
    // What scrolls must be reached by keyboard, too.
    this.#list.tabIndex = !isAlike && this.#list.scrollHeight > this.#list.clientHeight ? 0 : -1;
    byId("alone", HTMLElement).hidden = count > 1;
  }
}
