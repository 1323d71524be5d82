/** The stage: a tile for everybody in the verified roster, one for each shared screen, and one for feeds that nobody has proved to be his. */

import { ActiveSpeaker } from "./active_speaker.js";
import { Arrangement } from "./arrangement.js";
import { byId } from "./elements.js";
import { Feeds, PERSON, SCREEN } from "./feeds.js";
import { nameOf } from "./people.js";
import { Screens } from "./screens.js";
import { Sending } from "./sending.js";
import { Tile } from "./tile.js";
import { TILES } from "./words.js";

const LOOK_MS = 100;
const COUNT_MS = 1_000;
/** A new feed may take this long before it is shown as somebody unknown. */
const STRANGER_MS = 3_000;

/**
 * @typedef {import("../worker/roster/bodies.js").RosterEntry} RosterEntry
 * @typedef {{name: string, lock: import("./tile.js").LockState, reason: string}} Seen somebody's name, and what can be said of his lock
 * @typedef {{sending: boolean, others: Seen[], strangers: string[]}} LockReport `strangers`: reasons, one for each feed
 * @typedef {{counters: () => Promise<Record<string, {frames: number, ok: number}>>, onSoundHeld: () => void,
 *   onLocks: (report: LockReport) => void, onShown: (id: string, height: number) => void}} StageOptions
 */

export class Stage {
  #feeds = new Feeds();
  #arrangement = new Arrangement();
  #speaker = new ActiveSpeaker();
  /** @type {Map<number, Tile>} */
  #tiles = new Map();
  #screens = new Screens(this.#arrangement);
  /** One for all feeds that are nobody's. @type {Tile | null} */
  #stranger = null;
  #own = new Tile();
  #element = byId("stage", HTMLElement);
  #timers = [0, 0];
  #isOver = false;
  #sending = new Sending();
  #isCut = false;
  /** @type {import("./choices.js").Choices["layout"]} */
  #layout = "grid";
  #options;

  /** @param {StageOptions} options */
  constructor(options) {
    this.#options = options;
    this.#own.markOwn();
    this.#own.setName(TILES.own);
    this.#arrangement.begin(this.#own);
    /** Speaker for remote voices, a device id. */
    this.speaker = "";
  }

  start() {
    this.#timers = [setInterval(() => this.#look(), LOOK_MS), setInterval(() => void this.#count(), COUNT_MS)];
    this.#arrangement.start();
  }

  stop() {
    this.#isOver = true;
    this.#timers.forEach((timer) => clearInterval(timer));
    this.#arrangement.stop();
    [this.#own, ...this.#tiles.values(), this.#stranger].forEach((tile) => tile?.remove());
    this.#tiles.clear();
    this.#screens.clear();
    this.#stranger = null;
  }

  /** @param {import("./choices.js").Choices["layout"]} layout */
  setLayout(layout) {
    this.#layout = layout;
    this.#enlarge();
  }

  /** An epoch was installed. @param {number} epoch */
  setEpoch(epoch) {
    this.#element.dataset.epoch = String(epoch);
  }

  /** Sound and picture of everybody are interrupted, or come again. @param {boolean} isCut */
  setCut(isCut) {
    this.#isCut = isCut;
    this.#tiles.forEach((_tile, sourceId) => this.#showLocks(sourceId));
  }

  /** @param {{entries: RosterEntry[], self: number}} roster */
  setRoster({ entries, self }) {
    const others = new Map(entries.filter((entry) => entry.sourceId !== self).map((entry) => [entry.sourceId, entry]));
    const own = entries.find((entry) => entry.sourceId === self);
    this.#own.setSource(self);
    this.#own.setName(own ? `${nameOf(own)} (you)` : TILES.own, { initialsOf: own && nameOf(own) });
    [...this.#tiles.keys()].filter((sourceId) => !others.has(sourceId)).forEach((sourceId) => this.#forget(sourceId));
    const names = entries.map(nameOf);
    others.forEach((entry) => {
      const name = nameOf(entry);
      const isShared = names.indexOf(name) !== names.lastIndexOf(name);
      this.#tileOf(entry.sourceId).setName(isShared ? `${name} · ${entry.identity}` : name, { identity: entry.identity, initialsOf: name });
      this.#show(entry.sourceId);
    });
    this.#arrange();
  }

  /** @param {{id: string, track: MediaStreamTrack}} remote */
  addTrack(remote) {
    const { proof } = this.#feeds.add(remote);
    if (proof) {
      this.#show(proof.sourceId);
    }
  }

  /** @param {string} id */
  removeTrack(id) {
    const feed = this.#feeds.remove(id);
    this.#showStranger();
    if (feed?.proof) {
      this.#show(feed.proof.sourceId);
    }
  }

  /** A feed's frames decrypt under this source id. @param {{id: string} & import("./feeds.js").Proof} proof */
  bind(proof) {
    this.#feeds.bind(proof);
    this.#showStranger();
    this.#tiles.forEach((_tile, sourceId) => this.#show(sourceId));
  }

  /** A feed's frame could not be unlocked. @param {{id: string, code: string}} refusal */
  refuse({ id, code }) {
    this.#feeds.refuse(id, code);
  }

  /** @param {MediaStreamTrack | null} camera @param {MediaStreamTrack | null} mic */
  setOwn(camera, mic) {
    this.#own.setVideo(camera);
    this.#own.listenTo(mic);
    this.#own.setMuted(mic === null);
  }

  /** Start sound that the browser held back. */
  async playSound() {
    const tiles = [...this.#tiles.values(), ...this.#screens.all];
    await Promise.all(tiles.map((tile) => tile.audio.play().catch(() => undefined)));
  }

  /** @param {number} sourceId */
  #tileOf(sourceId) {
    const known = this.#tiles.get(sourceId);
    if (known) {
      return known;
    }
    const tile = new Tile();
    tile.setSource(sourceId);
    this.#tiles.set(sourceId, tile);
    this.#arrangement.add(tile, this.#own);
    return tile;
  }

  /** @param {number} sourceId */
  #forget(sourceId) {
    this.#tiles.get(sourceId)?.remove();
    this.#tiles.delete(sourceId);
    this.#closeScreen(sourceId);
  }

  /** Put a source's tracks into its tiles. @param {number} sourceId */
  #show(sourceId) {
    const tile = this.#tiles.get(sourceId);
    if (!tile) {
      return;
    }
    this.#play(tile, this.#feeds.mediaOf(sourceId, "camera"), this.#feeds.mediaOf(sourceId, "mic"));
    if (this.#feeds.arrives(sourceId, "screen")) {
      this.#showScreen(sourceId, tile);
    } else {
      this.#closeScreen(sourceId);
    }
    this.#showLocks(sourceId);
  }

  /** @param {number} sourceId @param {Tile} owner */
  #showScreen(sourceId, owner) {
    const screen = this.#screens.open(sourceId, owner);
    this.#play(screen, this.#feeds.mediaOf(sourceId, "screen"), this.#feeds.mediaOf(sourceId, "screen-audio"));
    this.#enlarge();
  }

  /** @param {number} sourceId */
  #closeScreen(sourceId) {
    if (this.#screens.close(sourceId)) {
      this.#arrange();
    }
  }

  /** @param {Tile} tile @param {MediaStreamTrack | null} video @param {MediaStreamTrack | null} audio */
  #play(tile, video, audio) {
    if (shownTrack(tile.video) !== video) {
      tile.setVideo(video);
    }
    if (shownTrack(tile.audio) !== audio) {
      tile.setAudio(audio, this.speaker).catch(() => this.#options.onSoundHeld());
    }
  }

  #look() {
    const now = performance.now();
    [this.#own, ...this.#tiles.values(), ...this.#screens.all].forEach((tile) => tile.look(now));
    const before = this.#speaker.current;
    const levels = new Map([...this.#tiles].map(([sourceId, tile]) => [sourceId, tile.level]));
    if (this.#speaker.hear(levels, now) !== before) {
      this.#enlarge();
    }
  }

  async #count() {
    const counters = await this.#options.counters().catch(() => ({}));
    if (this.#isOver) {
      // Counted while it ended: nothing stands on the stage any more.
      return;
    }
    this.#feeds.count(counters);
    this.#tiles.forEach((_tile, sourceId) => this.#show(sourceId));
    this.#showStranger();
    this.#report(counters);
    this.#tellSizes();
  }

  /** How high each picture is shown, in pixels of the screen: nobody needs to be sent more. */
  #tellSizes() {
    this.#tiles.forEach((tile, sourceId) => {
      this.#tellHeight(tile, this.#feeds.of(sourceId, ["camera"]));
      this.#tellHeight(this.#screens.of(sourceId), this.#feeds.of(sourceId, ["screen"]));
    });
  }

  /** @param {Tile | undefined} tile @param {import("./feeds.js").Feed[]} feeds */
  #tellHeight(tile, feeds) {
    const height = Math.round((tile?.video.clientHeight ?? 0) * devicePixelRatio);
    if (height > 0) {
      feeds.forEach(({ id }) => this.#options.onShown(id, height));
    }
  }

  /** @param {number} sourceId */
  #showLocks(sourceId) {
    const { lock, reason } = this.#lockOf(sourceId, PERSON);
    const tile = this.#tiles.get(sourceId);
    tile?.setLock(lock, reason);
    tile?.setMuted((lock === "encrypted" || lock === "silent") && this.#feeds.isMute(sourceId));
    const screen = this.#lockOf(sourceId, SCREEN);
    this.#screens.of(sourceId)?.setLock(screen.lock, screen.reason);
  }

  /** @param {number} sourceId @param {import("./feeds.js").Track[]} tracks */
  #lockOf(sourceId, tracks) {
    const lock = this.#feeds.lockOf(sourceId, tracks);
    return { lock: this.#isCut && lock !== "encrypted" ? /** @type {const} */ ("cut") : lock, reason: this.#feeds.reasonOf(sourceId, tracks) };
  }

  #showStranger() {
    const [stranger] = this.#feeds.strangers(STRANGER_MS);
    if (stranger && !this.#stranger) {
      this.#stranger = new Tile();
      this.#arrangement.add(this.#stranger, this.#own);
    } else if (!stranger && this.#stranger) {
      this.#stranger.remove();
      this.#stranger = null;
      this.#arrange();
    }
    this.#stranger?.setLock(stranger?.reason ? "unreadable" : "waiting", stranger?.reason);
  }

  /** @param {Record<string, {frames: number, ok: number}>} counters by transform id */
  #report(counters) {
    const sending = this.#sending.look(counters);
    this.#own.setLock(sending ? "encrypted" : "silent");
    const others = [...this.#tiles].map(([sourceId, tile]) => ({ name: tile.name, ...this.#lockOf(sourceId, [...PERSON, ...SCREEN]) }));
    this.#options.onLocks({ sending, others, strangers: this.#feeds.strangers(STRANGER_MS).map(({ reason }) => reason) });
  }

  #arrange() {
    this.#enlarge();
    this.#arrangement.fit();
  }

  /** A screen before anybody, the newest first; then whoever speaks, where that is wished. */
  #enlarge() {
    const speaker = this.#tiles.get(this.#speaker.current ?? -1) ?? [...this.#tiles.values()][0] ?? null;
    this.#arrangement.enlarge(this.#screens.newest ?? (this.#layout === "speaker" ? speaker : null));
  }
}

/** @param {HTMLMediaElement} element */
function shownTrack(element) {
  return element.srcObject instanceof MediaStream ? element.srcObject.getTracks()[0] : null;
}
