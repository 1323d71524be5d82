/** The stage: a tile for everybody in the verified roster, and one for a feed that nobody has proved to be his. */

import { byId } from "./elements.js";
import { Feeds } from "./feeds.js";
import { bestTileWidth } from "./grid.js";
import { nameOf } from "./people.js";
import { Tile } from "./tile.js";
import { TILES } from "./words.js";

const LOOK_MS = 100;
const COUNT_MS = 1_000;
/** A new feed may take this long before it is shown as somebody unknown. */
const STRANGER_MS = 3_000;
/** Transform ids of what we send begin with this (call/publisher.js). */
const SENDING = "send-";

/** @typedef {import("../worker/roster/bodies.js").RosterEntry} RosterEntry */

export class Stage {
  #feeds = new Feeds();
  /** @type {Map<number, Tile>} */
  #tiles = new Map();
  /** One for all feeds that are nobody's. @type {Tile | null} */
  #stranger = null;
  #own = new Tile();
  #list = byId("tiles", HTMLUListElement);
  #element = byId("stage", HTMLElement);
  #timers = [0, 0];
  #sendingOk = -1;
  #isCut = false;
  #options;
  #resized = new ResizeObserver(() => this.#arrange());

  /**
   * @param {{counters: () => Promise<Record<string, {frames: number, ok: number}>>, onSoundHeld: () => void,
   *   onLock: (sending: boolean) => void, onShown: (id: string, height: number) => void}} options
   */
  constructor(options) {
    this.#options = options;
    this.#own.markOwn();
    this.#own.setName(TILES.own);
    this.#list.replaceChildren(this.#own.element);
    /** Speaker for remote voices, a device id. */
    this.speaker = "";
  }

  start() {
    this.#resized.observe(this.#element);
    this.#timers = [setInterval(() => this.#look(), LOOK_MS), setInterval(() => void this.#count(), COUNT_MS)];
    this.#arrange();
  }

  stop() {
    this.#timers.forEach((timer) => clearInterval(timer));
    this.#resized.disconnect();
    [this.#own, ...this.#tiles.values(), this.#stranger].forEach((tile) => tile?.remove());
    this.#tiles.clear();
    this.#stranger = null;
  }

  /** An epoch was installed. @param {number} epoch */
  setEpoch(epoch) {
    this.#element.dataset.epoch = String(epoch);
  }

  /** Sound and picture of everybody are interrupted, or come again. @param {boolean} isCut */
  setCut(isCut) {
    this.#isCut = isCut;
    this.#tiles.forEach((tile, sourceId) => tile.setLock(this.#lockOf(sourceId)));
  }

  /** @param {number} sourceId @returns {import("./feeds.js").LockState} */
  #lockOf(sourceId) {
    const lock = this.#feeds.lockOf(sourceId);
    return this.#isCut && lock !== "encrypted" ? "cut" : lock;
  }

  /** @param {{entries: RosterEntry[], self: number}} roster */
  setRoster({ entries, self }) {
    const others = new Map(entries.filter((entry) => entry.sourceId !== self).map((entry) => [entry.sourceId, entry]));
    const own = entries.find((entry) => entry.sourceId === self);
    this.#own.setSource(self);
    this.#own.setName(own ? `${nameOf(own)} (you)` : TILES.own);
    for (const [sourceId, tile] of this.#tiles) {
      if (!others.has(sourceId)) {
        tile.remove();
        this.#tiles.delete(sourceId);
      }
    }
    const names = entries.map(nameOf);
    others.forEach((entry) => {
      const name = nameOf(entry);
      const isShared = names.indexOf(name) !== names.lastIndexOf(name);
      this.#tileOf(entry).setName(isShared ? `${name} · ${entry.identity}` : name, entry.identity);
    });
    this.#arrange();
  }

  /** @param {{id: string, kind: string, track: MediaStreamTrack}} remote */
  addTrack(remote) {
    const feed = this.#feeds.add(remote);
    if (feed.sourceId !== null) {
      this.#show(feed.sourceId);
    }
  }

  /** @param {string} id */
  removeTrack(id) {
    const feed = this.#feeds.remove(id);
    this.#showStranger();
    if (feed?.sourceId != null) {
      this.#show(feed.sourceId);
    }
  }

  /** A feed's frames decrypt under this source id. @param {{id: string, sourceId: number}} proof */
  bind({ id, sourceId }) {
    const before = this.#feeds.has(id) ? this.#feeds.bind(id, sourceId) : undefined;
    if (!before) {
      this.#feeds.bind(id, sourceId);
      return;
    }
    this.#showStranger();
    this.#tiles.forEach((_tile, shown) => this.#show(shown));
  }

  /** @param {MediaStreamTrack | null} camera @param {MediaStreamTrack | null} mic */
  setOwn(camera, mic) {
    this.#own.setVideo(camera);
    this.#own.listenTo(mic);
    this.#own.setMuted(mic === null);
  }

  /** @param {RosterEntry} entry */
  #tileOf(entry) {
    const known = this.#tiles.get(entry.sourceId);
    if (known) {
      return known;
    }
    const tile = new Tile();
    tile.setSource(entry.sourceId);
    this.#tiles.set(entry.sourceId, tile);
    this.#list.insertBefore(tile.element, this.#own.element);
    this.#show(entry.sourceId);
    return tile;
  }

  /** Put a source's tracks into its tile. @param {number} sourceId */
  #show(sourceId) {
    const tile = this.#tiles.get(sourceId);
    if (!tile) {
      return;
    }
    const feeds = this.#feeds.of(sourceId);
    const video = feeds.find((feed) => feed.kind === "video")?.track ?? null;
    const audio = feeds.find((feed) => feed.kind === "audio")?.track ?? null;
    if (shownTrack(tile.video) !== video) {
      tile.setVideo(video);
    }
    if (shownTrack(tile.audio) !== audio) {
      tile.setAudio(audio, this.speaker).catch(() => this.#options.onSoundHeld());
    }
    tile.setLock(this.#lockOf(sourceId));
  }

  /** Start sound that the browser held back. */
  async playSound() {
    await Promise.all([...this.#tiles.values()].map((tile) => tile.audio.play().catch(() => undefined)));
  }

  #look() {
    const now = performance.now();
    [this.#own, ...this.#tiles.values()].forEach((tile) => tile.look(now));
  }

  async #count() {
    const counters = await this.#options.counters().catch(() => ({}));
    this.#feeds.count(counters);
    this.#tiles.forEach((tile, sourceId) => tile.setLock(this.#lockOf(sourceId)));
    this.#showStranger();
    this.#showOwnLock(counters);
    this.#tellSizes();
  }

  /** How high each picture is shown, in pixels of the screen: nobody needs to be sent more. */
  #tellSizes() {
    this.#tiles.forEach((tile, sourceId) => {
      const height = Math.round(tile.video.clientHeight * devicePixelRatio);
      const pictures = this.#feeds.of(sourceId).filter(({ kind }) => kind === "video");
      if (height > 0) pictures.forEach(({ id }) => this.#options.onShown(id, height));
    });
  }

  #showStranger() {
    const isThere = this.#feeds.hasStrangers(STRANGER_MS);
    if (isThere === (this.#stranger !== null)) {
      return;
    }
    this.#stranger?.remove();
    this.#stranger = isThere ? new Tile() : null;
    if (this.#stranger) {
      this.#list.insertBefore(this.#stranger.element, this.#own.element);
    }
    this.#arrange();
  }

  /** @param {Record<string, {frames: number, ok: number}>} counters by transform id */
  #showOwnLock(counters) {
    const sent = Object.entries(counters).filter(([id]) => id.startsWith(SENDING));
    const ok = sent.reduce((sum, [, counter]) => sum + counter.ok, 0);
    const sending = ok > this.#sendingOk && ok > 0;
    this.#sendingOk = ok;
    this.#own.setLock(sending ? "encrypted" : "silent");
    this.#options.onLock(sending);
  }

  #arrange() {
    const count = this.#list.childElementCount;
    const { clientWidth, clientHeight } = this.#element;
    this.#list.style.setProperty("--tile-width", `${bestTileWidth(count, clientWidth, clientHeight)}px`);
    this.#list.dataset.count = String(count);
    byId("alone", HTMLElement).hidden = count > 1;
  }
}

/** @param {HTMLMediaElement} element */
function shownTrack(element) {
  return element.srcObject instanceof MediaStream ? element.srcObject.getTracks()[0] : null;
}
