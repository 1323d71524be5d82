/** The codecs of the media section in docs/protocol.md: VP8 with retransmission, Opus. */

/** @type {Record<"audio" | "video", "opus" | "vp8">} */
export const CODEC = { audio: "opus", video: "vp8" };
const WANTED = { audio: ["audio/opus"], video: ["video/vp8", "video/rtx"] };

/** @type {Record<string, "audio" | "video">} */
export const KIND = { mic: "audio", camera: "video", screen: "video", "screen-audio": "audio" };

/** @param {RTCRtpTransceiver} transceiver @param {"audio" | "video"} kind */
export function preferOurCodecs(transceiver, kind) {
  const capabilities = RTCRtpReceiver.getCapabilities(kind)?.codecs ?? [];
  const wanted = capabilities.filter(({ mimeType }) => WANTED[kind].includes(mimeType.toLowerCase()));
  transceiver.setCodecPreferences(wanted);
}
