/** Session descriptions from the typed form, and what leaves this page of our own. */

import { knownFeedback } from "./sdp.js";

/** @typedef {import("./sdp.js").Description} Description */
/** @typedef {import("./sdp.js").Media} Media */
/** @typedef {import("./sdp_lines.js").Codec} Codec */
/** @typedef {import("./sdp_lines.js").Candidate} Candidate */

/** Constant bit rate and no pauses: otherwise the size of the packets tells what is said. No redundancy that was not asked for. */
const OPUS_PARAMETERS = "minptime=10;useinbandfec=0;usedtx=0;cbr=1;stereo=0";

/** @param {Description} description @returns {string} */
export function writeDescription({ sessionId, version, transport, media }) {
  const bundled = media.filter(({ rejected }) => !rejected).map(({ mid }) => mid);
  const lines = ["v=0", `o=- ${sessionId} ${version} IN IP4 127.0.0.1`, "s=-", "t=0 0", `a=group:BUNDLE ${bundled.join(" ")}`];
  if (transport.iceLite) lines.push("a=ice-lite");
  lines.push("a=extmap-allow-mixed");
  for (const section of media) {
    lines.push(...(section.rejected ? writeRejected(section) : writeSection(section, transport)));
  }
  return `${lines.join("\r\n")}\r\n`;
}

/** @param {Media} media */
function writeRejected({ kind, mid }) {
  return [`m=${kind} 0 UDP/TLS/RTP/SAVPF 0`, "c=IN IP4 0.0.0.0", "a=inactive", `a=mid:${mid}`];
}

/** @param {Media} media @param {import("./sdp.js").Transport} transport */
function writeSection(media, { ufrag, password, fingerprint, setup }) {
  return [
    `m=${media.kind} 9 UDP/TLS/RTP/SAVPF ${media.codecs.map(({ payload }) => payload).join(" ")}`,
    "c=IN IP4 0.0.0.0",
    `a=${media.direction}`,
    `a=mid:${media.mid}`,
    "a=rtcp-mux",
    `a=ice-ufrag:${ufrag}`,
    `a=ice-pwd:${password}`,
    `a=fingerprint:${fingerprint}`,
    `a=setup:${setup}`,
    ...media.codecs.flatMap(writeCodec),
    ...media.extensions.map(({ id, uri }) => `a=extmap:${id} ${uri}`),
    ...(media.direction === "sendonly" ? [`a=msid:s${media.mid} t${media.mid}`] : []),
    ...media.rtxPairs.map(([main, repair]) => `a=ssrc-group:FID ${main} ${repair}`),
    ...media.ssrcs.map((ssrc) => `a=ssrc:${ssrc} cname:c`),
    ...media.rids.map((rid) => `a=rid:${rid} recv`),
    ...(media.rids.length > 0 ? [`a=simulcast:recv ${media.rids.join(";")}`] : []),
    ...media.candidates.map(writeCandidate),
  ];
}

/** @param {Codec} codec */
function writeCodec(codec) {
  const { payload, name, clock, channels, apt } = codec;
  const feedback = knownFeedback(codec).map((value) => `a=rtcp-fb:${payload} ${value}`);
  if (name === "opus") return [`a=rtpmap:${payload} opus/${clock}/${channels}`, ...feedback, `a=fmtp:${payload} ${OPUS_PARAMETERS}`];
  if (name === "vp8") return [`a=rtpmap:${payload} VP8/${clock}`, ...feedback];
  return [`a=rtpmap:${payload} rtx/${clock}`, `a=fmtp:${payload} apt=${apt}`];
}

/** @param {Candidate} candidate */
function writeCandidate({ foundation, component, priority, address, port, kind, related }) {
  const end = related ? ` raddr ${related.address} rport ${related.port}` : "";
  return `a=candidate:${foundation} ${component} udp ${priority} ${address} ${port} typ ${kind}${end}`;
}

/**
 * Our own description without our addresses: the MDD learns where we are from our checks, nobody else needs to know.
 *
 * @param {string} sdp
 */
export function withoutCandidates(sdp) {
  return sdp
    .split("\r\n")
    .filter((line) => !line.startsWith("a=candidate:") && line !== "a=end-of-candidates")
    .map((line) => (line.startsWith("c=IN ") ? "c=IN IP4 0.0.0.0" : line))
    .map((line) => (line.startsWith("o=") ? line.replace(/ IN IP[46] \S+$/, " IN IP4 127.0.0.1") : line))
    .join("\r\n");
}

/**
 * Sections of our own offer, in order.
 *
 * @param {string} sdp
 * @returns {{mid: string, kind: string, rids: string[]}[]}
 */
export function sectionsOf(sdp) {
  return sdp
    .split(/\r\n(?=m=)/)
    .slice(1)
    .map((section) => ({
      kind: /^m=(\w+)/.exec(section)?.[1] ?? "",
      mid: /\r\na=mid:(\S+)/.exec(section)?.[1] ?? "",
      rids: /\r\na=simulcast:send (\S+)/.exec(section)?.[1].split(";") ?? [],
    }));
}
