/** Forms of the roster's bodies: from verified members to typed values (docs/protocol.md section 4). */

import { decodeBase64url } from "../crypto/bytes.js";
import { RosterError } from "./errors.js";

/**
 * @typedef {{sourceId: number, identityKey: Uint8Array<ArrayBuffer>, name: string, identity: string, verifiedBy: string,
 *   role: string, kind: string, since: number, invitedBy: string, admittedBy: string, admittedAt: number}} RosterEntry
 * @typedef {{number: number, epoch: number, spi: number, issuedAt: number, expiresAt: number}} Position
 * @typedef {Position & {head: string}} Standing
 * @typedef {Standing & {entries: RosterEntry[]}} Snapshot
 * @typedef {Position & {previous: string, cause: string, joined: RosterEntry[], left: {sourceId: number, reason: string}[]}} Delta
 * @typedef {{title: string, onJoin: string, pastAccess: string, endsAt: number, rekeyS: number, ttlS: number,
 *   admission: string, locked: boolean}} Policy
 */

/** @typedef {Record<string, unknown>} Members */

const LIFETIME = ["epoch", "spi", "issued_at", "expires_at"];
const STANDING = ["kind", "conference", "number", "head", ...LIFETIME];
const SNAPSHOT = [...STANDING, "endpoints"];
const DELTA = ["kind", "conference", "number", "previous", ...LIFETIME, "cause", "joined", "left"];
const POLICY = [
  "kind", "conference", "title", "on_join", "past_access", "suites", "ttl_s", "rekey_s", "ends_at", "admission", "locked",
];
const ENTRY = [
  "source_id", "identity_key", "name", "identity", "verified_by", "role", "kind", "since", "invited_by", "admitted_by", "admitted_at",
];

/** @param {Members} members @returns {Snapshot} */
export function readSnapshot(members) {
  expectMembers(members, SNAPSHOT);
  refuseIf(members.kind !== "snapshot");
  return { ...position(members), head: hash(members.head), entries: list(members.endpoints).map(entry) };
}

/** @param {Members} members @returns {Standing} */
export function readCurrent(members) {
  expectMembers(members, STANDING);
  refuseIf(members.kind !== "current");
  return { ...position(members), head: hash(members.head) };
}

/** @param {Members} members @returns {Delta} */
export function readDelta(members) {
  expectMembers(members, DELTA);
  refuseIf(members.kind !== "delta");
  const left = list(members.left).map((item) => {
    expectMembers(item, ["source_id", "reason"]);
    return { sourceId: sourceId(item.source_id), reason: text(item.reason) };
  });
  return {
    ...position(members),
    previous: hash(members.previous),
    cause: text(members.cause),
    joined: list(members.joined).map(entry),
    left,
  };
}

/** @param {Members} members @returns {Policy} */
export function readPolicy(members) {
  expectMembers(members, POLICY);
  refuseIf(!Array.isArray(members.suites) || !members.suites.every((suite) => Number.isSafeInteger(suite) && suite >= 0));
  refuseIf(members.kind !== "policy");
  return {
    title: text(members.title),
    onJoin: text(members.on_join),
    pastAccess: text(members.past_access),
    endsAt: whole(members.ends_at),
    rekeyS: whole(members.rekey_s),
    ttlS: whole(members.ttl_s),
    admission: text(members.admission),
    locked: flag(members.locked),
  };
}

/** @param {Members} item @returns {RosterEntry} */
function entry(item) {
  expectMembers(item, ENTRY);
  return {
    sourceId: sourceId(item.source_id),
    identityKey: bytes(item.identity_key),
    name: text(item.name),
    identity: text(item.identity),
    verifiedBy: text(item.verified_by),
    role: text(item.role),
    kind: text(item.kind),
    since: whole(item.since),
    invitedBy: text(item.invited_by),
    admittedBy: text(item.admitted_by),
    admittedAt: whole(item.admitted_at),
  };
}

/** @param {Members} members @returns {Position} */
function position(members) {
  const [number, epoch, spi] = [whole(members.number), whole(members.epoch), whole(members.spi)];
  refuseIf(number < 1 || epoch < 1 || spi !== epoch % 65536);
  return { number, epoch, spi, issuedAt: whole(members.issued_at), expiresAt: whole(members.expires_at) };
}

/** Exactly these members, in this order. @param {Members} members @param {string[]} names */
function expectMembers(members, names) {
  refuseIf(Object.keys(members).join() !== names.join());
}

/** @param {unknown} value @returns {Members[]} */
function list(value) {
  if (!Array.isArray(value) || value.some((item) => typeof item !== "object" || item === null)) {
    throw new RosterError("statement_invalid");
  }
  return value;
}

/** @param {unknown} value */
function text(value) {
  // Half a character can be written in JSON and in no UTF-8.
  if (typeof value !== "string" || /\p{Surrogate}/u.test(value)) {
    throw new RosterError("statement_invalid");
  }
  return value;
}

/** @param {unknown} value */
function flag(value) {
  if (typeof value !== "boolean") {
    throw new RosterError("statement_invalid");
  }
  return value;
}

/** @param {unknown} value */
function whole(value) {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) {
    throw new RosterError("statement_invalid");
  }
  return value;
}

/** @param {unknown} value */
function sourceId(value) {
  const id = whole(value);
  refuseIf(id < 1 || id > 0xffffffff);
  return id;
}

/** @param {unknown} value @returns {Uint8Array<ArrayBuffer>} 32 bytes */
function bytes(value) {
  try {
    return decodeBase64url(text(value), 32);
  } catch {
    throw new RosterError("statement_invalid");
  }
}

/** @param {unknown} value @returns {string} base64url of 32 bytes, canonical, so that texts can be compared */
function hash(value) {
  bytes(value);
  return text(value);
}

/** @param {boolean} wrong */
function refuseIf(wrong) {
  if (wrong) {
    throw new RosterError("statement_invalid");
  }
}
