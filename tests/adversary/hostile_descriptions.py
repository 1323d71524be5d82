"""Session descriptions of an MDD that wants more than ciphertext. Each attack changes one that would be taken."""

import re
from collections.abc import Callable

TRANSPORT = [
    "c=IN IP4 127.0.0.1",
    "a=rtcp-mux",
    "a=ice-ufrag:abcd",
    "a=ice-pwd:abcdefghijklmnopqrstuv",
    "a=fingerprint:sha-256 " + ":".join(["AB"] * 32),
    "a=candidate:1 1 udp 2015363327 127.0.0.1 9 typ host",
]
DATA_CHANNEL = ["m=application 9 UDP/DTLS/SCTP webrtc-datachannel", "a=mid:data", "a=sctp-port:5000", *TRANSPORT]
AUDIO_LEVEL = "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level"
SDES = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" + "A" * 40

Change = Callable[[str], str]


def describe(sections: list[tuple[str, str, list[str]]], *, direction: str, setup: str) -> str:
    """A description with one section for each (kind, mid, codec lines)."""
    lines = ["v=0", "o=- 17 2 IN IP4 127.0.0.1", "s=-", "t=0 0", f"a=group:BUNDLE {' '.join(mid for _, mid, _ in sections)}"]
    for kind, mid, codecs in sections:
        payloads = re.findall(r"a=rtpmap:(\d+) ", "\n".join(codecs))
        lines += [f"m={kind} 9 UDP/TLS/RTP/SAVPF {' '.join(payloads)}", f"a=mid:{mid}", f"a={direction}", f"a=setup:{setup}"]
        lines += [*TRANSPORT, *codecs]
    return "\r\n".join(lines) + "\r\n"


def answer_to(offer: str) -> str:
    """An answer that takes what was offered, as an honest MDD would."""
    sections = []
    for section in re.split(r"\r\n(?=m=)", offer)[1:]:
        kind, mid = section[2:7], re.search(r"\r\na=mid:(\S+)", section)
        codec = re.search(r"a=rtpmap:(\d+) (opus/48000/2|VP8/90000)", section)
        assert mid is not None
        assert codec is not None
        sections.append((kind, mid[1], [codec[0]]))
    return describe(sections, direction="recvonly", setup="active")


def offer_of_a_feed() -> str:
    """An offer of one person's sound and picture."""
    sections = [("audio", "0", ["a=rtpmap:111 opus/48000/2", "a=ssrc:1 cname:x"])]
    sections += [("video", "1", ["a=rtpmap:96 VP8/90000", "a=ssrc:2 cname:x"])]
    return describe(sections, direction="sendonly", setup="actpass")


def swap(pattern: str, replacement: str) -> Change:
    """Put ``replacement`` wherever ``pattern`` stands, which must be somewhere."""

    def change(sdp: str) -> str:
        changed, count = re.subn(pattern, replacement, sdp)
        assert count
        return changed

    return change


def add(*lines: str) -> Change:
    return lambda sdp: sdp + "\r\n".join(lines) + "\r\n"


def both(first: Change, second: Change) -> Change:
    return lambda sdp: second(first(sdp))


def add_codec(payload: int, codec: str) -> Change:
    """Offer a further codec for sound."""
    named = swap(r"(m=audio .*)\r\n", rf"\1 {payload}\r\n")
    return both(named, swap(r"(a=rtpmap:\d+ opus.*)\r\n", rf"\1\r\na=rtpmap:{payload} {codec}\r\n"))


def swap_mids(sdp: str) -> str:
    first, second = re.findall(r"a=mid:(\S+)", sdp)[:2]
    return (
        sdp.replace(f"a=mid:{first}", "a=mid:?")
        .replace(f"a=mid:{second}", f"a=mid:{first}")
        .replace("a=mid:?", f"a=mid:{second}")
    )


ONE_MORE = ["m=video 9 UDP/TLS/RTP/SAVPF 96", "a=mid:9", "a=recvonly", "a=setup:active", *TRANSPORT, "a=rtpmap:96 VP8/90000"]
EITHER: dict[str, tuple[str, Change]] = {
    "data channel": ("sdp_media", add(*DATA_CHANNEL)),
    "H.264": ("sdp_codec", swap("VP8/90000", "H264/90000")),
    "PCMU": ("sdp_codec", swap("opus/48000/2", "PCMU/8000")),
    "redundant audio": ("sdp_codec", add_codec(63, "red/48000/2")),
    "comfort noise": ("sdp_codec", add_codec(13, "CN/8000")),
    "audio level": ("sdp_extension", swap(r"(m=audio .*)\r\n", rf"\1\r\n{AUDIO_LEVEL}\r\n")),
    "no fingerprint": ("sdp_fingerprint", swap(r"a=fingerprint:.*\r\n", "")),
    "weak fingerprint": ("sdp_fingerprint", swap(r"sha-256 .*\r\n", "sha-1 " + ":".join(["AB"] * 20) + "\r\n")),
    "unencrypted profile": ("sdp_media", swap("UDP/TLS/RTP/SAVPF", "RTP/AVP")),
    "keys in the description": ("sdp_media", swap("UDP/TLS/RTP/SAVPF", "RTP/SAVPF")),
    "keys beside the fingerprint": ("sdp_fingerprint", swap(r"(a=fingerprint.*)\r\n", rf"\1\r\n{SDES}\r\n")),
    "both directions": ("sdp_direction", swap("a=(sendonly|recvonly)", "a=sendrecv")),
    "no direction told": ("sdp_direction", swap(r"a=(sendonly|recvonly)\r\n", "")),
    "candidate with a name": ("sdp_candidate", swap("127.0.0.1 9 typ", "intranet.invalid 9 typ")),
}
ANSWERS = EITHER | {
    "sends to us": ("sdp_direction", swap("a=recvonly", "a=sendonly")),
    "one section more": ("sdp_sections", both(swap("(a=group:BUNDLE.*)\r\n", r"\1 9\r\n"), add(*ONE_MORE))),
    "two sections swapped": ("sdp_sections", swap_mids),
}
OFFERS = EITHER | {
    "wants our media": ("sdp_direction", swap("a=sendonly", "a=recvonly")),
    "takes the other role": ("sdp_setup", swap("a=setup:actpass", "a=setup:active")),
}
