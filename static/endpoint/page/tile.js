/** One person, or one shared screen, on the stage. What it says about locks is what the worker counted, not what anybody claims. */

import { fromTemplate, initialsOf, setIcon, within } from "./elements.js";
import { LevelMeter, SPEAKING_LEVEL } from "./level_meter.js";
import { reasonWords, TILES } from "./words.js";

/** A picture that has not moved for this long is taken as a camera that is off. */
const PICTURE_STILL_MS = 2_000;
const SPEAKING_HOLD_MS = 400;

/** @typedef {"encrypted" | "waiting" | "cut" | "silent" | "unreadable"} LockState */

/** @type {Record<LockState, {icon: string, words: string, title: string}>} */
const BADGES = {
  encrypted: { icon: "lock", words: TILES.encrypted, title: TILES.encryptedTitle },
  waiting: { icon: "key", words: TILES.waiting, title: TILES.waitingTitle },
  cut: { icon: "key", words: TILES.cut, title: TILES.cutTitle },
  silent: { icon: "key", words: TILES.silent, title: TILES.silentTitle },
  unreadable: { icon: "warn", words: TILES.unreadable, title: TILES.unreadableTitle },
};

export class Tile {
  /** @type {LevelMeter | null} */
  #meter = null;
  /** State and reason that are shown. */
  #lock = "";
  #own = false;
  #isScreen = false;
  #frames = 0;
  #movedAt = -Infinity;
  #spokeAt = -Infinity;
  #level = 0;

  constructor() {
    this.element = fromTemplate("tile-template");
    this.video = within(this.element, "video", HTMLVideoElement);
    this.audio = within(this.element, "audio", HTMLAudioElement);
    this.setLock("waiting");
    this.setName("");
  }

  /** Loudness when it was looked at last, 0 … 1. */
  get level() {
    return this.#level;
  }

  get name() {
    return within(this.element, ".tile__name-words", HTMLElement).textContent;
  }

  /** Our own: mirrored, never heard. */
  markOwn() {
    this.#own = true;
    this.#lock = "";
    this.setLock("silent");
    this.element.dataset.own = "true";
    this.element.dataset.testid = "own-tile";
  }

  /** A screen is shown whole, and may stand still. */
  markScreen() {
    this.#isScreen = true;
    this.element.dataset.screen = "true";
    this.element.dataset.testid = "screen-tile";
  }

  /**
   * Name and identity from the verified roster, or "" where nobody is proved.
   *
   * @param {string} name
   * @param {{identity?: string, initialsOf?: string}} [about] `initialsOf`: where the name says more than who it is
   */
  setName(name, { identity = "", initialsOf: person = name } = {}) {
    within(this.element, ".tile__name", HTMLElement).title = identity;
    within(this.element, ".tile__name-words", HTMLElement).textContent = name || TILES.stranger;
    within(this.element, ".tile__initials", HTMLElement).textContent = name ? initialsOf(person) : "?";
    this.element.dataset.named = String(name !== "");
  }

  /** @param {number} sourceId */
  setSource(sourceId) {
    this.element.dataset.sourceId = String(sourceId);
  }

  /** @param {MediaStreamTrack | null} track */
  setVideo(track) {
    this.video.srcObject = track ? new MediaStream([track]) : null;
    this.#movedAt = this.#own && track ? Infinity : -Infinity;
    this.#frames = 0;
    if (track) {
      void this.video.play().catch(() => undefined);
    }
    this.look(performance.now());
  }

  /**
   * Play a remote voice.
   *
   * @param {MediaStreamTrack | null} track
   * @param {string} [speaker] device id
   * @returns {Promise<void>} rejected where the browser holds sound back
   */
  async setAudio(track, speaker) {
    this.listenTo(track);
    this.audio.srcObject = track ? new MediaStream([track]) : null;
    if (!track) {
      return;
    }
    if (speaker && "setSinkId" in this.audio) {
      await this.audio.setSinkId(speaker).catch(() => undefined);
    }
    await this.audio.play();
  }

  /** Show who speaks. @param {MediaStreamTrack | null} track */
  listenTo(track) {
    this.#meter?.stop();
    this.#meter = track ? new LevelMeter(track) : null;
    this.#level = 0;
  }

  /** @param {LockState} state @param {string} [reason] code of the worker, where frames cannot be unlocked */
  setLock(state, reason = "") {
    if (this.#lock === state + reason) {
      return;
    }
    this.#lock = state + reason;
    const { icon, words, title } = BADGES[state];
    const badge = within(this.element, ".tile__badge", HTMLElement);
    badge.title = this.#own && state === "encrypted" ? TILES.sendingTitle : title;
    within(badge, ".tile__badge-words", HTMLElement).textContent = this.#own && state !== "encrypted" ? TILES.notSending : words;
    setIcon(badge, icon);
    const why = within(this.element, ".tile__why", HTMLElement);
    why.textContent = state === "unreadable" ? reasonWords(reason) : "";
    why.hidden = state !== "unreadable";
    this.element.dataset.lock = state;
    this.element.dataset.decrypting = String(state === "encrypted");
  }

  /** No sound goes out (our own), or none arrives (another's). @param {boolean} muted */
  setMuted(muted) {
    if (this.element.dataset.muted === String(muted)) {
      return;
    }
    this.element.dataset.muted = String(muted);
    const mark = within(this.element, ".tile__muted", HTMLElement);
    mark.hidden = !muted;
    mark.title = this.#own ? TILES.ownMuted : TILES.muted;
    within(mark, ".visually-hidden", HTMLElement).textContent = mark.title;
  }

  /** Look at picture and loudness. @param {number} now milliseconds, monotonic */
  look(now) {
    const frames = this.video.srcObject ? this.video.getVideoPlaybackQuality().totalVideoFrames : 0;
    if (frames !== this.#frames) {
      this.#frames = frames;
      this.#movedAt = this.#own || this.#isScreen ? Infinity : now;
    }
    const moving = this.video.srcObject !== null && now - this.#movedAt < PICTURE_STILL_MS;
    this.element.dataset.video = moving ? "on" : "off";
    this.#level = this.#meter?.level() ?? 0;
    if (this.#level > SPEAKING_LEVEL) {
      this.#spokeAt = now;
    }
    this.element.dataset.speaking = String(now - this.#spokeAt < SPEAKING_HOLD_MS);
  }

  remove() {
    this.#meter?.stop();
    this.#meter = null;
    this.video.srcObject = null;
    this.audio.srcObject = null;
    this.element.remove();
  }
}
