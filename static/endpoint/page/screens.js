/** Tiles of the screens that others share: one for each person who does. */

import { Tile } from "./tile.js";
import { screenWords } from "./words.js";

export class Screens {
  #arrangement;
  /** @type {Map<number, Tile>} by the source id of whoever shares, the newest last */
  #tiles = new Map();

  /** @param {import("./arrangement.js").Arrangement} arrangement */
  constructor(arrangement) {
    this.#arrangement = arrangement;
  }

  get all() {
    return [...this.#tiles.values()];
  }

  /** @returns {Tile | undefined} */
  get newest() {
    return this.all.at(-1);
  }

  /** The tile of somebody's screen, made beside his own. @param {number} sourceId @param {Tile} owner @returns {Tile} */
  open(sourceId, owner) {
    const screen = this.#tiles.get(sourceId) ?? this.#make(sourceId, owner);
    screen.setName(screenWords(owner.name), { initialsOf: owner.name });
    return screen;
  }

  /** @param {number} sourceId @returns {boolean} whether there was one */
  close(sourceId) {
    this.#tiles.get(sourceId)?.remove();
    return this.#tiles.delete(sourceId);
  }

  /** @param {number} sourceId @returns {Tile | undefined} */
  of(sourceId) {
    return this.#tiles.get(sourceId);
  }

  clear() {
    this.all.forEach((tile) => tile.remove());
    this.#tiles.clear();
  }

  /** @param {number} sourceId @param {Tile} owner */
  #make(sourceId, owner) {
    const screen = new Tile();
    screen.markScreen();
    screen.setSource(sourceId);
    this.#tiles.set(sourceId, screen);
    this.#arrangement.add(screen, owner);
    return screen;
  }
}
