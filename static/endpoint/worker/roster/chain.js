/**
 * The roster chain as this endpoint holds it: who is in the conference now, proved by the KMF's signature and linked
 * to everything the endpoint saw before ([PERC] 4.7). A history that does not fit is refused, never merged.
 */

import { encodeBase64url } from "../crypto/bytes.js";
import { readCurrent, readDelta, readPolicy, readSnapshot } from "./bodies.js";
import { RosterError } from "./errors.js";
import { LABELS, verifyStatement } from "./statement.js";

/** Seconds by which this device's estimate of the KMF's clock may be off. */
const CLOCK_TOLERANCE_S = 5;

/** @typedef {import("./bodies.js").RosterEntry} RosterEntry */
/** @typedef {{joined: RosterEntry[], left: {entry: RosterEntry, reason: string}[], cause: string}} RosterChange */

export class RosterChain {
  /** @type {Map<number, RosterEntry>} */
  #entries = new Map();
  /** Everybody who was ever named here: a source id is never given twice. @type {Map<number, RosterEntry>} */
  #known = new Map();
  #number = 0;
  #epoch = 0;
  #head = "";
  #expected;
  #nowS;

  /**
   * @param {{key: CryptoKey, conference: string, nowS: () => number}} options
   *   `nowS`: the KMF's time as this endpoint estimates it, seconds since 1970
   */
  constructor({ key, conference, nowS }) {
    this.#expected = { key, conference };
    this.#nowS = nowS;
  }

  /** Number of the newest delta held; 0 before the first snapshot. */
  get number() {
    return this.#number;
  }

  /** Epoch that the newest statement names. */
  get epoch() {
    return this.#epoch;
  }

  /** Chain head, base64url of 32 bytes. */
  get head() {
    return this.#head;
  }

  /** Entries by source id; a copy. */
  get entries() {
    return new Map(this.#entries);
  }

  /**
   * Verify a policy.
   *
   * @param {unknown} message
   */
  async verifyPolicy(message) {
    const { members } = await verifyStatement(message, { ...this.#expected, label: LABELS.policy });
    return readPolicy(members);
  }

  /**
   * Take a snapshot: the first, or one asked for after a gap. It may only lead forward.
   *
   * @param {unknown} message
   * @returns {Promise<RosterChange>}
   * @throws {RosterError} statement_invalid, statement_expired, rolled_back, fork
   */
  async applySnapshot(message) {
    const { members } = await verifyStatement(message, { ...this.#expected, label: LABELS.roster });
    const snapshot = readSnapshot(members);
    this.#checkPresent(snapshot);
    this.#checkNotBack(snapshot);
    if (new Set(snapshot.entries.map((entry) => entry.sourceId)).size !== snapshot.entries.length) {
      throw new RosterError("statement_invalid");
    }
    const before = this.#entries;
    const entries = new Map(snapshot.entries.map((entry) => [entry.sourceId, entry]));
    snapshot.entries.forEach((entry) => checkSameEndpoint(this.#known.get(entry.sourceId), entry));
    if (snapshot.number === this.#number) {
      checkSameRoster(before, entries, { was: this.#epoch, is: snapshot.epoch });
    }
    this.#hold(snapshot, snapshot.head, entries);
    return {
      cause: "snapshot",
      joined: snapshot.entries.filter((entry) => !before.has(entry.sourceId)),
      left: [...before.values()].filter((entry) => !entries.has(entry.sourceId)).map((entry) => ({ entry, reason: "left" })),
    };
  }

  /**
   * Take the next delta. A delta is a fact for ever: its age does not matter, its place in the chain does.
   *
   * @param {unknown} message
   * @returns {Promise<RosterChange>}
   * @throws {RosterError} statement_invalid, rolled_back, gap, fork
   */
  async applyDelta(message) {
    const { members, bytes } = await verifyStatement(message, { ...this.#expected, label: LABELS.roster });
    const delta = readDelta(members);
    if (delta.number <= this.#number) {
      throw new RosterError("rolled_back");
    }
    if (delta.number > this.#number + 1) {
      throw new RosterError("gap");
    }
    if (delta.previous !== this.#head || delta.epoch < this.#epoch) {
      throw new RosterError("fork");
    }
    const next = new Map(this.#entries);
    const left = delta.left.map(({ sourceId, reason }) => ({ entry: taken(next, sourceId), reason }));
    delta.joined.forEach((entry) => added(next, this.#known, entry));
    const digest = await crypto.subtle.digest("SHA-256", /** @type {Uint8Array<ArrayBuffer>} */ (bytes));
    this.#hold(delta, encodeBase64url(new Uint8Array(digest)), next);
    return { cause: delta.cause, joined: delta.joined, left };
  }

  /**
   * Check a `current`: proof that what is held is the present.
   *
   * @param {unknown} message
   * @throws {RosterError} statement_invalid, statement_expired, rolled_back, gap, fork
   */
  async checkCurrent(message) {
    const { members } = await verifyStatement(message, { ...this.#expected, label: LABELS.current });
    const current = readCurrent(members);
    this.#checkPresent(current);
    this.#checkNotBack(current);
    if (current.number > this.#number) {
      throw new RosterError("gap");
    }
    if (current.epoch !== this.#epoch) {
      throw new RosterError("fork");
    }
  }

  /** @param {import("./bodies.js").Position} statement */
  #checkPresent({ issuedAt, expiresAt }) {
    const now = this.#nowS();
    if (now > expiresAt + CLOCK_TOLERANCE_S || now < issuedAt - CLOCK_TOLERANCE_S) {
      throw new RosterError("statement_expired");
    }
  }

  /** @param {import("./bodies.js").Standing} standing */
  #checkNotBack({ number, head, epoch }) {
    if (number < this.#number || epoch < this.#epoch) {
      throw new RosterError("rolled_back");
    }
    if (number === this.#number && head !== this.#head) {
      throw new RosterError("fork");
    }
  }

  /** @param {import("./bodies.js").Position} statement @param {string} head @param {Map<number, RosterEntry>} entries */
  #hold({ number, epoch }, head, entries) {
    this.#entries = entries;
    entries.forEach((entry, sourceId) => this.#known.set(sourceId, entry));
    this.#number = number;
    this.#epoch = epoch;
    this.#head = head;
  }
}

/** @param {Map<number, RosterEntry>} entries @param {number} sourceId @returns {RosterEntry} */
function taken(entries, sourceId) {
  const entry = entries.get(sourceId);
  if (!entry) {
    throw new RosterError("fork");
  }
  entries.delete(sourceId);
  return entry;
}

/** @param {Map<number, RosterEntry>} entries @param {Map<number, RosterEntry>} known @param {RosterEntry} entry */
function added(entries, known, entry) {
  if (entries.has(entry.sourceId)) {
    throw new RosterError("fork");
  }
  checkSameEndpoint(known.get(entry.sourceId), entry);
  entries.set(entry.sourceId, entry);
}

/** What of an entry never changes. @param {RosterEntry} entry @returns {string} */
function identityOf({ identityKey, name, identity, verifiedBy, role, kind, invitedBy, admittedBy, admittedAt }) {
  return JSON.stringify([encodeBase64url(identityKey), name, identity, verifiedBy, role, kind, invitedBy, admittedBy, admittedAt]);
}

/**
 * A source id means one endpoint for ever: the same id with another key, or of another person, is another history.
 *
 * @param {RosterEntry | undefined} known
 * @param {RosterEntry} entry
 */
function checkSameEndpoint(known, entry) {
  if (known && identityOf(known) !== identityOf(entry)) {
    throw new RosterError("fork");
  }
}

/**
 * Between two deltas there is one roster: at the same number nothing at all may differ.
 *
 * @param {Map<number, RosterEntry>} held
 * @param {Map<number, RosterEntry>} told each of its entries is the same endpoint's as before
 * @param {{was: number, is: number}} epoch
 */
function checkSameRoster(held, told, epoch) {
  const isSame = held.size === told.size && [...told].every(([sourceId, { since }]) => held.get(sourceId)?.since === since);
  if (!isSame || epoch.was !== epoch.is) {
    throw new RosterError("fork");
  }
}
