/** One person on the stage. What it says about locks is what the worker counted, not what anybody claims. */

import { fromTemplate, initialsOf, setIcon, within } from "./elements.js";
import { LevelMeter, SPEAKING_LEVEL } from "./level_meter.js";
import { TILES } from "./words.js";

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
  /** @type {LockState | null} */
  #lock = null;
  #own = false;
  #frames = 0;
  #movedAt = -Infinity;
  #spokeAt = -Infinity;

  constructor() {
    this.element = fromTemplate("tile-template");
    this.video = within(this.element, "video", HTMLVideoElement);
    this.audio = within(this.element, "audio", HTMLAudioElement);
    this.setLock("waiting");
    this.setName("");
  }

  /** Our own: mirrored, never heard. */
  markOwn() {
    this.#own = true;
    this.element.dataset.own = "true";
    this.element.dataset.testid = "own-tile";
  }

  /** Name and identity from the verified roster, or "" where nobody is proved. @param {string} name @param {string} [identity] */
  setName(name, identity = "") {
    within(this.element, ".tile__name", HTMLElement).title = identity;
    within(this.element, ".tile__name-words", HTMLElement).textContent = name || TILES.unknown;
    within(this.element, ".tile__initials", HTMLElement).textContent = name ? initialsOf(name) : "";
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
  }

  /** @param {LockState} state */
  setLock(state) {
    if (state === this.#lock) {
      return;
    }
    this.#lock = state;
    const { icon, words, title } = BADGES[state];
    const badge = within(this.element, ".tile__badge", HTMLElement);
    badge.title = this.#own && state === "encrypted" ? TILES.sendingTitle : title;
    within(badge, ".tile__badge-words", HTMLElement).textContent = this.#own && state !== "encrypted" ? TILES.notSending : words;
    setIcon(badge, icon);
    this.element.dataset.lock = state;
    this.element.dataset.decrypting = String(state === "encrypted");
  }

  /** Our own microphone is off. @param {boolean} muted */
  setMuted(muted) {
    within(this.element, ".tile__muted", SVGElement).toggleAttribute("hidden", !muted);
  }

  /** Look at picture and loudness. @param {number} now milliseconds, monotonic */
  look(now) {
    const frames = this.video.srcObject ? this.video.getVideoPlaybackQuality().totalVideoFrames : 0;
    if (frames !== this.#frames) {
      this.#frames = frames;
      this.#movedAt = this.#own ? Infinity : now;
    }
    const moving = this.video.srcObject !== null && now - this.#movedAt < PICTURE_STILL_MS;
    this.element.dataset.video = moving ? "on" : "off";
    if (this.#meter && this.#meter.level() > SPEAKING_LEVEL) {
      this.#spokeAt = now;
    }
    this.element.dataset.speaking = String(now - this.#spokeAt < SPEAKING_HOLD_MS);
  }

  remove() {
    this.#meter?.stop();
    this.video.srcObject = null;
    this.audio.srcObject = null;
    this.element.remove();
  }
}
