/**
 * All media protection of one endpoint in one conference: the only thing that encoded frames pass through.
 *
 * A frame that cannot be protected or opened is dropped, whatever the state. Events never hold key material.
 */

import { elapsed } from "../elapsed.js";
import { Bindings } from "./bindings.js";
import { KeyRing } from "./key_ring.js";
import { checkMediaOptions } from "./metadata.js";
import { makeCounters } from "./pump.js";
import { runReceiveTransform } from "./receive_transform.js";
import { runSendTransform } from "./send_transform.js";
import { Sender } from "./sender.js";

/** @typedef {import("./metadata.js").Track} Track */
/** @typedef {import("./metadata.js").Codec} Codec */
/** @typedef {import("./pump.js").Counters} Counters */
/**
 * @typedef {{type: "source", id: string, sourceId: number, track: Track}
 *   | {type: "duplicate-source", id: string}
 *   | {type: "undecryptable", id: string, code: string}
 *   | {type: "installed", epoch: number}
 *   | {type: "expired", epoch: number}} MediaEvent
 */

const REPORT_MS = 1000;
const EXPIRY_LOOK_MS = 1000;

export class MediaEngine {
  #report;
  #ring;
  #sender;
  #bindings = new Bindings();
  #now = elapsed;
  #maySend = true;
  /** @type {number | null} */
  #epoch = null;
  /** @type {Set<number> | null} */
  #members = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #expiry = undefined;
  /** @type {Map<string, {counters: Counters, end: AbortController}>} by transform id */
  #attached = new Map();

  /** @param {{conferenceId: string, report: (event: MediaEvent) => void}} options */
  constructor({ conferenceId, report }) {
    this.#report = report;
    this.#ring = new KeyRing({ conferenceId, now: this.#now });
    this.#sender = new Sender({ conferenceId, now: this.#now });
  }

  /** @param {{sourceId: number, identityKeys: CryptoKeyPair}} identity of this endpoint, before the first epoch */
  setIdentity({ sourceId, identityKeys }) {
    this.#ring.setOwnSource(sourceId);
    this.#sender.setIdentity({ sourceId, privateKey: identityKeys.privateKey });
  }

  /**
   * Install the EKT key of a new epoch; one that is not newer than the epoch of now changes nothing.
   *
   * @param {object} release
   * @param {number} release.epoch
   * @param {number} release.spi
   * @param {CryptoKey} release.ektKey AES-CBC, not extractable
   * @param {number} release.ttlMs time from now until the key is dropped here by itself
   * @param {number} release.number of a roster change that is not younger than this key; our sender keys are numbered by it
   * @param {boolean} [release.first] the first of this endpoint: nothing is sent under an earlier one, and nothing heard that
   *   was announced before `number`
   * @returns {Promise<void>} settles when our sender key for it is announced; it opens frames before that
   */
  async installEpoch({ epoch, spi, ektKey, ttlMs, number, first = false }) {
    if (this.#epoch !== null && epoch <= this.#epoch) return;
    this.#epoch = epoch;
    const installed = { epoch, spi, ektKey, expiresAt: this.#now() + ttlMs };
    clearTimeout(this.#expiry);
    this.#expireAt(installed);
    if (first) this.#sender.clear();
    this.#ring.setEpoch(installed);
    if (first) this.#ring.hearFrom({ epoch, number });
    this.#report({ type: "installed", epoch });
    await this.#sender.begin(installed, number);
  }

  /**
   * @param {Map<number, Uint8Array<ArrayBuffer>>} roster identity key (raw, 32 bytes) by source id, from a verified roster
   * @param {number} number of its newest change
   */
  setRoster(roster, number) {
    this.#members = new Set(roster.keys());
    this.#ring.setRoster(roster);
    // Who joins without a rekey (policy share) hears only sender keys that were never used before he came.
    void this.#sender.follow(number);
  }

  /** @param {boolean} maySend false: every frame of ours is dropped */
  setSending(maySend) {
    this.#maySend = maySend;
  }

  /** The conference is over for this endpoint: drop every key. */
  revokeAll() {
    clearTimeout(this.#expiry);
    this.#epoch = null;
    this.#members = null;
    this.#ring.clear();
    this.#sender.forget();
  }

  /**
   * Protect (send) or open (receive) the frames of a transform from now on.
   *
   * @param {RTCRtpScriptTransformer} transformer options `{direction, id, track, codec}`, and `after`: the id of the one that it
   *   replaces, which ends; its counters go on here, as do the statistics of its receiver
   * @throws {TypeError} other options
   */
  attach(transformer) {
    const { direction, id, after, track, codec } = transformer.options;
    const media = checkMediaOptions({ track, codec });
    if (direction !== "send" && direction !== "receive") throw new TypeError("unknown direction");
    const counters = this.#attached.get(after)?.counters ?? makeCounters();
    if (after !== undefined) this.detach([after]);
    const end = new AbortController();
    const { signal } = end;
    this.#attached.set(id, { counters, end });
    if (direction === "send") {
      const maySend = () => this.#maySend;
      void runSendTransform({ transformer, media, sender: this.#sender, maySend, counters, now: this.#now, signal });
    } else {
      void this.#receive({ transformer, media, id, counters, signal, follows: after !== undefined });
    }
  }

  /** @returns {Record<string, Counters>} by transform id */
  counters() {
    return structuredClone(Object.fromEntries([...this.#attached].map(([id, { counters }]) => [id, counters])));
  }

  /** Their peer connection, or their section of it, has gone; the transforms do not notice. @param {string[]} ids */
  detach(ids) {
    for (const id of ids) {
      this.#attached.get(id)?.end.abort();
      this.#attached.delete(id);
      this.#bindings.release(id);
    }
  }

  /**
   * @param {{transformer: RTCRtpScriptTransformer, media: {track: Track, codec: Codec}, id: string, counters: Counters, signal: AbortSignal,
   *   follows: boolean}} options
   */
  async #receive({ transformer, media, id, counters, signal, follows }) {
    /** @type {Record<string, number>} */
    const reportedAt = {};
    /** @param {string} code */
    const onDrop = (code) => {
      /** @type {MediaEvent} */
      const event = code === "duplicate_source" ? { type: "duplicate-source", id } : { type: "undecryptable", id, code };
      if (this.#now() - (reportedAt[event.type] ?? -Infinity) < REPORT_MS) return;
      reportedAt[event.type] = this.#now();
      this.#report(event);
    };
    const { track } = media;
    const isPresent = (/** @type {number} */ other) => this.#members?.has(other) ?? false;
    /** @param {number} sourceId @param {number} now */
    const claim = (sourceId, now) => {
      signal.throwIfAborted();
      if (this.#bindings.claim({ id, sourceId, track, isPresent }, now)) this.#report({ type: "source", id, sourceId, track });
    };
    await runReceiveTransform({ transformer, media, ring: this.#ring, claim, counters, now: this.#now, onDrop, signal, follows });
    // A later transform of the same id has taken over the name.
    if (this.#attached.get(id)?.end.signal === signal) this.#bindings.release(id);
  }

  /** A timer alone would sleep with the machine: it looks at the clock now and then. @param {{epoch: number, expiresAt: number}} installed */
  #expireAt({ epoch, expiresAt }) {
    const leftMs = expiresAt - this.#now();
    const look = () => (this.#now() >= expiresAt ? this.#expire(epoch) : this.#expireAt({ epoch, expiresAt }));
    this.#expiry = setTimeout(look, Math.max(0, Math.min(leftMs, EXPIRY_LOOK_MS)));
  }

  /** @param {number} epoch */
  #expire(epoch) {
    this.#ring.expire();
    this.#sender.clear();
    this.#report({ type: "expired", epoch });
  }
}
