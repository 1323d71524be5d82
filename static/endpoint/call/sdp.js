/**
 * What of the provider's session descriptions may reach a peer connection: parsed to a typed form, checked, written anew.
 * One direction for each section, no data channel, no codec but VP8 and Opus, no header extension that tells of the content.
 */

import { CallError } from "./errors.js";
import { readCandidates, readCodecs, readLines, single } from "./sdp_lines.js";

/** @typedef {import("./sdp_lines.js").Section} Section */
/** @typedef {import("./sdp_lines.js").Codec} Codec */
/** @typedef {import("./sdp_lines.js").Candidate} Candidate */
/**
 * @typedef {{ufrag: string, password: string, fingerprint: string, setup: string, iceLite: boolean}} Transport
 * @typedef {{kind: "audio" | "video", mid: string, direction: "sendonly" | "recvonly" | "inactive", rejected: boolean,
 *   codecs: Codec[], extensions: {id: number, uri: string}[], ssrcs: number[], rtxPairs: [number, number][],
 *   rids: string[], candidates: Candidate[]}} Media
 * @typedef {{type: "offer" | "answer", sessionId: string, version: number, transport: Transport, media: Media[]}} Description
 */

export const EXTENSIONS = new Set([
  "urn:ietf:params:rtp-hdrext:sdes:mid",
  "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
  "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
  "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
  "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
]);
const FEEDBACK = new Set(["ccm fir", "nack", "nack pli", "goog-remb", "transport-cc"]);
const DIRECTIONS = ["sendrecv", "sendonly", "recvonly", "inactive"];
const MAX_SECTIONS = 2_000;
const MAX_SSRCS = 4;

/**
 * Check an answer to our publishing offer.
 *
 * @param {string} text
 * @param {{mid: string, kind: string, rids: string[]}[]} offered our own sections, in order
 * @returns {Description}
 * @throws {CallError} sdp_…
 */
export function checkAnswer(text, offered) {
  const description = check(text, "answer");
  const same = offered.every(({ mid, kind, rids }, index) => {
    const media = description.media[index];
    if (media?.mid !== mid || media.kind !== kind) return false;
    return media.rids.length === 0 || media.rids.join() === rids.join();
  });
  if (!same || description.media.length !== offered.length) throw new CallError("sdp_sections");
  return description;
}

/**
 * Check an offer for subscription.
 *
 * @param {string} text
 * @returns {Description}
 * @throws {CallError} sdp_…
 */
export function checkOffer(text) {
  return check(text, "offer");
}

/** @param {string} text @param {"offer" | "answer"} type @returns {Description} */
function check(text, type) {
  const { session, sections } = readLines(text);
  if (sections.length > MAX_SECTIONS) throw new CallError("sdp_too_large");
  const allowed = type === "answer" ? "recvonly" : "sendonly";
  const media = sections.map((section) => checkSection(section, session, allowed));
  const mids = media.map(({ mid }) => mid);
  if (new Set(mids).size !== mids.length) throw new CallError("sdp_mid");
  const living = sections.filter((_, index) => !media[index].rejected);
  checkBundle(session, media.filter(({ rejected }) => !rejected).map(({ mid }) => mid));
  if (living.length === 0) throw new CallError("sdp_media");
  const transports = living.map((section) => checkTransport(section, session, type));
  if (transports.some((other) => !sameTransport(other, transports[0]))) throw new CallError("sdp_bundle");
  const origin = readOrigin(text);
  return { type, ...origin, transport: transports[0], media };
}

/** @param {string} text */
function readOrigin(text) {
  const match = /^v=0\r\no=\S+ (\d{1,20}) (\d{1,10}) IN IP[46] \S+\r\n/.exec(text);
  if (!match) throw new CallError("sdp_malformed");
  return { sessionId: match[1], version: Number(match[2]) };
}

/**
 * @param {Section} section
 * @param {Map<string, string[]>} session
 * @param {"sendonly" | "recvonly"} allowed
 * @returns {Media}
 */
function checkSection(section, session, allowed) {
  const mid = single("mid", section, new Map());
  if (mid === null || !/^[A-Za-z0-9]{1,16}$/.test(mid)) throw new CallError("sdp_mid");
  const direction = checkDirection(section, session, allowed);
  const rejected = section.port === 0;
  if (rejected && direction !== "inactive") throw new CallError("sdp_direction");
  const empty = { codecs: [], extensions: [], ssrcs: [], rtxPairs: [], rids: [], candidates: [] };
  if (rejected) return { kind: section.kind, mid, direction, rejected, ...empty };
  if (section.lines.has("sctp-port") || section.lines.has("sctpmap")) throw new CallError("sdp_media");
  if (!section.lines.has("rtcp-mux")) throw new CallError("sdp_bundle");
  return {
    kind: section.kind,
    mid,
    direction,
    rejected,
    codecs: checkCodecs(section),
    extensions: checkExtensions(section, session),
    ...checkSsrcs(section),
    rids: checkLayers(section, direction),
    candidates: readCandidates(section.lines.get("candidate") ?? []),
  };
}

/** @param {Section} section @param {Map<string, string[]>} session @param {"sendonly" | "recvonly"} allowed */
function checkDirection(section, session, allowed) {
  const told = DIRECTIONS.filter((name) => section.lines.has(name));
  if (told.length !== 1 || DIRECTIONS.some((name) => session.has(name))) throw new CallError("sdp_direction");
  if (told[0] !== allowed && told[0] !== "inactive") throw new CallError("sdp_direction");
  return /** @type {"sendonly" | "recvonly" | "inactive"} */ (told[0]);
}

/** @param {Section} section */
function checkCodecs(section) {
  const codecs = readCodecs(section);
  const main = codecs.filter((codec) => codec.apt === null);
  for (const codec of codecs) {
    const isMain = section.kind === "audio" ? isOpus(codec) : isVP8(codec);
    const isRepair = section.kind === "video" && codec.name === "rtx" && main.some(({ payload }) => payload === codec.apt);
    if (!(codec.apt === null ? isMain : isRepair)) throw new CallError("sdp_codec");
  }
  if (main.length !== 1) throw new CallError("sdp_codec");
  return codecs;
}

/** @param {Codec} codec */
function isOpus({ name, clock, channels }) {
  return name === "opus" && clock === 48000 && channels === 2;
}

/** @param {Codec} codec */
function isVP8({ name, clock }) {
  return name === "vp8" && clock === 90000;
}

/** @param {Section} section @param {Map<string, string[]>} session */
function checkExtensions(section, session) {
  if (session.has("extmap")) throw new CallError("sdp_extension");
  const extensions = (section.lines.get("extmap") ?? []).map((value) => {
    const match = /^([1-9]\d{0,2})(?:\/(?:sendonly|recvonly|sendrecv|inactive))? (\S+)$/.exec(value);
    if (!match || Number(match[1]) > 255 || !EXTENSIONS.has(match[2])) throw new CallError("sdp_extension");
    return { id: Number(match[1]), uri: match[2] };
  });
  if (new Set(extensions.map(({ id }) => id)).size !== extensions.length) throw new CallError("sdp_extension");
  return extensions;
}

/** @param {Section} section @returns {{ssrcs: number[], rtxPairs: [number, number][]}} */
function checkSsrcs(section) {
  const numbers = (section.lines.get("ssrc") ?? []).map((value) => {
    const match = /^(\d{1,10}) [a-z-]+(?::.*)?$/.exec(value);
    if (!match || Number(match[1]) > 0xffffffff) throw new CallError("sdp_ssrc");
    return Number(match[1]);
  });
  const ssrcs = [...new Set(numbers)];
  const rtxPairs = (section.lines.get("ssrc-group") ?? []).map((value) => {
    const match = /^FID (\d{1,10}) (\d{1,10})$/.exec(value);
    if (!match || !ssrcs.includes(Number(match[1])) || !ssrcs.includes(Number(match[2]))) throw new CallError("sdp_ssrc");
    return /** @type {[number, number]} */ ([Number(match[1]), Number(match[2])]);
  });
  if (ssrcs.length > MAX_SSRCS || rtxPairs.length > 1) throw new CallError("sdp_ssrc");
  return { ssrcs, rtxPairs };
}

/**
 * Names of the layers that are taken of ours. In an offer they mean nothing: what is received is one layer.
 *
 * @param {Section} section @param {string} direction @returns {string[]}
 */
function checkLayers(section, direction) {
  const told = single("simulcast", section, new Map());
  if (told === null || direction !== "recvonly") return [];
  const match = /^recv ([a-z](?:;[a-z]){1,2})$/.exec(told);
  const rids = match?.[1].split(";") ?? [];
  if (rids.length === 0 || new Set(rids).size !== rids.length) throw new CallError("sdp_layers");
  return rids;
}

/** @param {Map<string, string[]>} session @param {string[]} mids */
function checkBundle(session, mids) {
  const groups = (session.get("group") ?? []).filter((value) => value.startsWith("BUNDLE"));
  const bundled = new Set(groups[0]?.split(" ").slice(1));
  if (groups.length !== 1 || mids.some((mid) => !bundled.has(mid))) throw new CallError("sdp_bundle");
}

/** @param {Section} section @param {Map<string, string[]>} session @param {"offer" | "answer"} type @returns {Transport} */
function checkTransport(section, session, type) {
  const ufrag = single("ice-ufrag", section, session) ?? "";
  const password = single("ice-pwd", section, session) ?? "";
  const fingerprint = single("fingerprint", section, session) ?? "";
  const setup = single("setup", section, session) ?? "";
  if (!/^[A-Za-z0-9+/]{4,256}$/.test(ufrag) || !/^[A-Za-z0-9+/]{22,256}$/.test(password)) throw new CallError("sdp_ice");
  if (!/^sha-256 [0-9A-F]{2}(?::[0-9A-F]{2}){31}$/i.test(fingerprint)) throw new CallError("sdp_fingerprint");
  if (!(type === "offer" ? ["actpass"] : ["active", "passive"]).includes(setup)) throw new CallError("sdp_setup");
  if (section.lines.has("crypto") || session.has("crypto")) throw new CallError("sdp_fingerprint");
  return { ufrag, password, fingerprint, setup, iceLite: session.has("ice-lite") };
}

/** @param {Transport} a @param {Transport} b */
function sameTransport(a, b) {
  return a.ufrag === b.ufrag && a.password === b.password && a.fingerprint === b.fingerprint && a.setup === b.setup;
}

/** What of a codec's feedback is carried over. @param {Codec} codec */
export function knownFeedback(codec) {
  return [...codec.feedback].filter((value) => FEEDBACK.has(value));
}
