/**
 * Session descriptions as lines. Everything that is not exactly of the form is refused; what is read here is typed, so that
 * no text of the provider's is ever passed on.
 *
 * Spec: RFC 8866 (SDP), RFC 8839 (ICE), RFC 8842 (DTLS), RFC 8285 (header extensions).
 */

import { CallError } from "./errors.js";

/**
 * @typedef {{foundation: string, component: number, priority: number, address: string, port: number,
 *   kind: string, related: {address: string, port: number} | null}} Candidate
 * @typedef {{payload: number, name: string, clock: number, channels: number, apt: number | null, feedback: Set<string>}} Codec
 * @typedef {{kind: "audio" | "video", port: number, payloads: number[], lines: Map<string, string[]>}} Section
 */

const MAX_CHARACTERS = 200_000;
const MAX_LINES = 20_000;
const MAX_LINE_CHARACTERS = 2_000;
/** Of one name in one section: everything after this reads them again and again. */
const MAX_VALUES = 256;
const ADDRESS = /^(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f:]{2,45})$/i;
const CANDIDATE =
  /^([A-Za-z0-9+/]{1,32}) ([1-9]\d{0,2}) udp (\d{1,10}) (\S{2,45}) (\d{1,5}) typ (host|srflx|prflx|relay)(?: raddr (\S{2,45}) rport (\d{1,5}))?$/i;

/**
 * Take a description apart into its session lines and its media sections.
 *
 * @param {string} text
 * @returns {{session: Map<string, string[]>, sections: Section[]}} attributes by name, in order of appearance
 * @throws {CallError} sdp_too_large, sdp_malformed, sdp_media
 */
export function readLines(text) {
  if (text.length > MAX_CHARACTERS) throw new CallError("sdp_too_large");
  const lines = text.split("\r\n");
  if (lines.pop() !== "" || lines[0] !== "v=0" || lines.length > MAX_LINES) throw new CallError("sdp_malformed");
  /** @type {Map<string, string[]>} */
  const session = new Map();
  /** @type {Section[]} */
  const sections = [];
  for (const line of lines) {
    if (!/^[a-z]=[\x20-\x7e]*$/.test(line) || line.length > MAX_LINE_CHARACTERS) throw new CallError("sdp_malformed");
    if (line.startsWith("m=")) {
      sections.push(readMedia(line.slice(2)));
    } else if (line.startsWith("a=")) {
      const into = sections.at(-1)?.lines ?? session;
      const [name, ...rest] = line.slice(2).split(":");
      const values = into.get(name) ?? [];
      if (values.length >= MAX_VALUES) throw new CallError("sdp_too_large");
      values.push(rest.join(":"));
      into.set(name, values);
    }
  }
  if (sections.length === 0) throw new CallError("sdp_media");
  return { session, sections };
}

/** @param {string} value @returns {Section} */
function readMedia(value) {
  const match = /^(audio|video) (0|9|[1-9]\d{0,4}) UDP\/TLS\/RTP\/SAVPF ((?:\d{1,3})(?: \d{1,3})*)$/.exec(value);
  if (!match || Number(match[2]) > 65535) throw new CallError("sdp_media");
  const payloads = match[3].split(" ").map(Number);
  if (payloads.some((payload) => payload > 127) || new Set(payloads).size !== payloads.length) throw new CallError("sdp_media");
  return { kind: match[1] === "audio" ? "audio" : "video", port: Number(match[2]), payloads, lines: new Map() };
}

/**
 * The only value of an attribute that must stand at most once in each place; the section's wins over the session's.
 *
 * @param {string} name
 * @param {Section} section
 * @param {Map<string, string[]>} session
 * @returns {string | null}
 * @throws {CallError} sdp_malformed: it stands there twice
 */
export function single(name, section, session) {
  const values = section.lines.get(name) ?? session.get(name) ?? [];
  if (values.length > 1) throw new CallError("sdp_malformed");
  return values[0] ?? null;
}

/**
 * @param {Section} section
 * @returns {Codec[]} in the order of the m-line
 * @throws {CallError} sdp_codec
 */
export function readCodecs(section) {
  const maps = new Map((section.lines.get("rtpmap") ?? []).map(readRtpmap));
  if (maps.size !== (section.lines.get("rtpmap") ?? []).length) throw new CallError("sdp_codec");
  return section.payloads.map((payload) => {
    const map = maps.get(payload);
    if (!map) throw new CallError("sdp_codec");
    return { payload, ...map, apt: readApt(section, payload), feedback: readFeedback(section, payload) };
  });
}

/** @param {string} value @returns {[number, {name: string, clock: number, channels: number}]} */
function readRtpmap(value) {
  const match = /^(\d{1,3}) ([A-Za-z0-9-]{1,20})\/(\d{4,6})(?:\/(\d))?$/.exec(value);
  if (!match) throw new CallError("sdp_codec");
  return [Number(match[1]), { name: match[2].toLowerCase(), clock: Number(match[3]), channels: Number(match[4] ?? 1) }];
}

/** @param {Section} section @param {number} payload */
function readApt(section, payload) {
  const value = (section.lines.get("fmtp") ?? []).find((line) => line.startsWith(`${payload} `));
  const match = /(?:^|[ ;])apt=(\d{1,3})(?:;|$)/.exec(value ?? "");
  return match ? Number(match[1]) : null;
}

/** @param {Section} section @param {number} payload */
function readFeedback(section, payload) {
  const values = (section.lines.get("rtcp-fb") ?? []).filter((line) => line.startsWith(`${payload} `));
  return new Set(values.map((line) => line.slice(line.indexOf(" ") + 1)));
}

/**
 * @param {string[]} values
 * @returns {Candidate[]} of UDP: media does not go to any open port of this network. Names (mDNS or other) are refused: looking them up would be somebody else's choice
 * @throws {CallError} sdp_candidate
 */
export function readCandidates(values) {
  if (values.length > 32) throw new CallError("sdp_candidate");
  return values.map((value) => {
    const match = CANDIDATE.exec(value.replace(/ generation \d+.*$/, ""));
    if (!match || !isAddress(match[4]) || Number(match[5]) > 65535) throw new CallError("sdp_candidate");
    if (match[7] !== undefined && (!isAddress(match[7]) || Number(match[8]) > 65535)) throw new CallError("sdp_candidate");
    return {
      foundation: match[1],
      component: Number(match[2]),
      priority: Number(match[3]),
      address: match[4],
      port: Number(match[5]),
      kind: match[6],
      related: match[7] === undefined ? null : { address: match[7], port: Number(match[8]) },
    };
  });
}

/** @param {string} text */
function isAddress(text) {
  return ADDRESS.test(text) && (text.includes(":") || text.split(".").every((part) => Number(part) <= 255));
}
