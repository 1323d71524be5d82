"""Hostile session descriptions against the shipped parser, in real Chromium: each is refused, or loses its sting."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Route

from config.env import ROOT

pytestmark = pytest.mark.browser
ORIGIN = "http://kmf.localhost:1"
FINGERPRINT = ":".join(["AB"] * 32)
AUDIO = [
    "m=audio 9 UDP/TLS/RTP/SAVPF 111",
    "c=IN IP4 192.0.2.7",
    "a=sendonly",
    "a=mid:0",
    "a=rtcp-mux",
    "a=ice-ufrag:abcd",
    "a=ice-pwd:abcdefghijklmnopqrstuv",
    f"a=fingerprint:sha-256 {FINGERPRINT}",
    "a=setup:actpass",
    "a=rtpmap:111 opus/48000/2",
    "a=fmtp:111 useinbandfec=1;usedtx=1",
    "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid",
    "a=ssrc:1 cname:janus",
    "a=candidate:1 1 udp 2015363327 192.0.2.7 20386 typ host",
]
VIDEO = [
    "m=video 9 UDP/TLS/RTP/SAVPF 96 97",
    *AUDIO[1:3],
    "a=mid:1",
    *AUDIO[4:9],
    "a=rtpmap:96 VP8/90000",
    "a=rtcp-fb:96 nack pli",
    "a=rtpmap:97 rtx/90000",
    "a=fmtp:97 apt=96",
    "a=ssrc-group:FID 2 3",
    "a=ssrc:2 cname:janus",
    "a=ssrc:3 cname:janus",
]
HEAD = [
    "v=0",
    "o=- 17 2 IN IP4 192.0.2.7",
    "s=VideoRoom x",
    "t=0 0",
    "a=group:BUNDLE 0 1",
    "a=ice-lite",
    "a=msid-semantic: WMS *",
]


def offer(*, head: list[str] = HEAD, audio: list[str] = AUDIO, video: list[str] = VIDEO, more: tuple[str, ...] = ()) -> str:
    return "\r\n".join([*head, *audio, *video, *more]) + "\r\n"


def changed(old: str, new: str, *, times: int = -1) -> str:
    text = offer()
    assert old in text
    return text.replace(old, new, times)


def answer(direction: str = "recvonly", setup: str = "active") -> str:
    return offer().replace("a=sendonly", f"a={direction}").replace("a=setup:actpass", f"a=setup:{setup}")


DATA = ("m=application 9 UDP/DTLS/SCTP webrtc-datachannel", "c=IN IP4 0.0.0.0", "a=mid:2", "a=sctp-port:5000")
AUDIO_LEVEL = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
HOSTILE: dict[str, tuple[str, str]] = {
    "empty": ("sdp_malformed", ""),
    "no version": ("sdp_malformed", offer().removeprefix("v=0\r\n")),
    "bare line feeds": ("sdp_malformed", offer().replace("\r\n", "\n")),
    "line feed inside a value": ("sdp_malformed", changed("a=mid:0", "a=mid:0\nx")),
    "no last line end": ("sdp_malformed", offer()[:-2]),
    "control character": ("sdp_malformed", changed("s=VideoRoom x", "s=\x00")),
    "letters beyond ASCII": ("sdp_malformed", changed("s=VideoRoom x", "s=K\u00e4se")),
    "huge": ("sdp_too_large", offer() + "a=x:" + "y" * 300_000 + "\r\n"),
    "an attribute without end": ("sdp_too_large", offer() + "a=x:1\r\n" * 300),
    "an attribute without end for the whole session": ("sdp_too_large", offer(head=[*HEAD, *["a=x:1"] * 300])),
    "line of endless length": ("sdp_malformed", offer() + "a=x:" + "y" * 5_000 + "\r\n"),
    "no media": ("sdp_media", "\r\n".join(HEAD) + "\r\n"),
    "data channel": ("sdp_media", offer(more=DATA)),
    "data channel disguised as audio": ("sdp_media", offer(audio=[*AUDIO, "a=sctp-port:5000"])),
    "text media": ("sdp_media", changed("m=audio 9", "m=text 9")),
    "unencrypted transport": ("sdp_media", changed("UDP/TLS/RTP/SAVPF 111", "RTP/AVP 111")),
    "SDES keys": ("sdp_fingerprint", offer(audio=[*AUDIO, "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAAA"])),
    "port beyond all": ("sdp_media", changed("m=audio 9", "m=audio 70000")),
    "payload twice": ("sdp_media", changed("SAVPF 96 97", "SAVPF 96 96")),
    "both directions": ("sdp_direction", changed("a=sendonly", "a=sendrecv")),
    "both directions in one section only": ("sdp_direction", changed("a=sendonly", "a=sendrecv", times=1)),
    "asks us to send": ("sdp_direction", changed("a=sendonly", "a=recvonly")),
    "no direction, which means both": ("sdp_direction", changed("a=sendonly\r\n", "")),
    "two directions": ("sdp_direction", changed("a=sendonly", "a=sendonly\r\na=recvonly")),
    "direction for the whole session": ("sdp_direction", offer(head=[*HEAD, "a=sendrecv"])),
    "mid twice": ("sdp_mid", changed("a=mid:1", "a=mid:0")),
    "mid missing": ("sdp_mid", changed("a=mid:1\r\n", "")),
    "mid with odd characters": ("sdp_mid", changed("a=mid:1", "a=mid:../1")),
    "not bundled": ("sdp_bundle", changed("a=group:BUNDLE 0 1\r\n", "")),
    "one section outside the bundle": ("sdp_bundle", changed("BUNDLE 0 1", "BUNDLE 0")),
    "two bundles": ("sdp_bundle", offer(head=[*HEAD, "a=group:BUNDLE 1"])),
    "no rtcp-mux": ("sdp_bundle", changed("a=rtcp-mux\r\n", "")),
    "another fingerprint in the second section": ("sdp_bundle", offer(video=[line.replace("AB:AB", "AC:AB") for line in VIDEO])),
    "another password in the second section": ("sdp_bundle", offer(video=[line.replace("rstuv", "rstuw") for line in VIDEO])),
    "fingerprint missing": ("sdp_fingerprint", changed(f"a=fingerprint:sha-256 {FINGERPRINT}\r\n", "")),
    "weak fingerprint": ("sdp_fingerprint", changed(f"sha-256 {FINGERPRINT}", "sha-1 " + ":".join(["AB"] * 20))),
    "two fingerprints": (
        "sdp_malformed",
        changed(
            f"a=fingerprint:sha-256 {FINGERPRINT}", f"a=fingerprint:sha-256 {FINGERPRINT}\r\na=fingerprint:sha-256 {FINGERPRINT}"
        ),
    ),
    "no ICE password": ("sdp_ice", changed("a=ice-pwd:abcdefghijklmnopqrstuv\r\n", "")),
    "short ICE password": ("sdp_ice", changed("abcdefghijklmnopqrstuv", "abc")),
    "ICE name with a space": ("sdp_ice", changed("a=ice-ufrag:abcd", "a=ice-ufrag:ab cd")),
    "takes a role that an offer has not": ("sdp_setup", changed("a=setup:actpass", "a=setup:active")),
    "holds the connection": ("sdp_setup", changed("a=setup:actpass", "a=setup:holdconn")),
    "H.264": ("sdp_codec", changed("VP8/90000", "H264/90000")),
    "PCMU": ("sdp_codec", changed("opus/48000/2", "PCMU/8000")),
    "redundant audio": ("sdp_codec", offer(audio=[AUDIO[0] + " 63", *AUDIO[1:], "a=rtpmap:63 red/48000/2", "a=fmtp:63 111/111"])),
    "forward error correction": ("sdp_codec", offer(video=[VIDEO[0] + " 98", *VIDEO[1:], "a=rtpmap:98 ulpfec/90000"])),
    "payload without a codec": ("sdp_codec", changed("SAVPF 111", "SAVPF 111 0")),
    "codec twice": ("sdp_codec", offer(audio=[AUDIO[0] + " 112", *AUDIO[1:], "a=rtpmap:112 opus/48000/2"])),
    "retransmission of nothing": ("sdp_codec", changed("apt=96", "apt=111")),
    "opus as video": ("sdp_codec", changed("VP8/90000", "opus/48000/2")),
    "audio level": ("sdp_extension", offer(audio=[*AUDIO, f"a=extmap:1 {AUDIO_LEVEL}"])),
    "audio level for the whole session": ("sdp_extension", offer(head=[*HEAD, f"a=extmap:1 {AUDIO_LEVEL}"])),
    "video orientation": ("sdp_extension", offer(video=[*VIDEO, "a=extmap:13 urn:3gpp:video-orientation"])),
    "extension number twice": (
        "sdp_extension",
        offer(audio=[*AUDIO, "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"]),
    ),
    "candidate that is a name": ("sdp_candidate", changed("192.0.2.7 20386", "intranet.example 20386")),
    "candidate that is an mDNS name": ("sdp_candidate", changed("192.0.2.7 20386", "0b7e5f0e.local 20386")),
    "candidate of TCP": ("sdp_candidate", changed("1 udp 2015363327", "1 tcp 2015363327")),
    "active candidate of TCP": ("sdp_candidate", changed("20386 typ host", "9 typ host tcptype active")),
    "candidate port beyond all": ("sdp_candidate", changed("20386 typ", "99999 typ")),
    "candidate of an unknown kind": ("sdp_candidate", changed("typ host", "typ magic")),
    "candidates without end": ("sdp_candidate", offer(audio=AUDIO + [AUDIO[-1]] * 40)),
    "too many SSRCs": ("sdp_ssrc", offer(audio=[*AUDIO, *(f"a=ssrc:{number} cname:x" for number in range(10, 20))])),
    "repair of an unknown SSRC": ("sdp_ssrc", changed("FID 2 3", "FID 2 9")),
    "rejected section that sends": ("sdp_direction", changed("m=video 9", "m=video 0")),
}


@pytest.fixture
def page(profile: Callable[..., BrowserContext]) -> Page:
    made = profile().new_page()

    def serve(route: Route) -> None:
        path = route.request.url.removeprefix(ORIGIN)
        if path == "/":
            route.fulfill(body="<title>SDP</title>", content_type="text/html")
        else:
            route.fulfill(body=Path(ROOT, "static/endpoint", path.removeprefix("/")).read_bytes(), content_type="text/javascript")

    made.route(f"{ORIGIN}/**", serve)
    made.goto(ORIGIN + "/")
    made.evaluate(
        """async () => {
            const [sdp, write] = [await import('/call/sdp.js'), await import('/call/sdp_write.js')];
            const outcome = (check) => { try { return write.writeDescription(check()); } catch (error) { return error.code; } };
            window.offered = (text) => outcome(() => sdp.checkOffer(text));
            window.answered = (text, offered) => outcome(() => sdp.checkAnswer(text, offered));
            window.stripped = write.withoutCandidates;
        }"""
    )
    return made


def test_hostile_offers_are_refused_with_their_code(page: Page) -> None:
    assert len(HOSTILE) >= 50
    outcomes = {name: page.evaluate("offered", text) for name, (_, text) in HOSTILE.items()}
    assert outcomes == {name: code for name, (code, _) in HOSTILE.items()}


def test_an_offer_made_to_block_the_page_is_refused_at_once(page: Page) -> None:
    run = "(text) => { const began = performance.now(); const code = offered(text); return [code, performance.now() - began]; }"
    code, took_ms = page.evaluate(run, offer() + "a=x:1\r\n" * 19_000)
    assert code == "sdp_too_large"
    assert took_ms < 500


def test_a_good_offer_is_written_anew_without_what_is_unknown(page: Page) -> None:
    unknown = ["a=x-google-flag:conference", "b=AS:1", "a=rid:h send", "a=simulcast:send h", "a=msid:secret name", "i=hello"]
    written = page.evaluate("offered", offer(video=[*VIDEO, *unknown, "a=rtcp-fb:96 x-evil", "a=fmtp:96 x-evil=1"]))
    lines = written.split("\r\n")
    for word in ("x-google", "b=AS", "rid", "simulcast", "secret", "x-evil", "VideoRoom", "janus", "i=hello", "usedtx=1"):
        assert not any(word in line for line in lines if "rtp-hdrext" not in line), word
    assert "a=fmtp:111 minptime=10;useinbandfec=0;usedtx=0;cbr=1;stereo=0" in lines
    assert "a=rtcp-fb:96 nack pli" in lines
    assert page.evaluate("offered", written) == written
    applied = """async (sdp) => {
        const connection = new RTCPeerConnection();
        await connection.setRemoteDescription({ type: 'offer', sdp });
        return connection.getTransceivers().map(({ direction }) => direction);
    }"""
    assert page.evaluate(applied, written) == ["recvonly", "recvonly"]


def test_a_rejected_section_keeps_its_place(page: Page) -> None:
    rejected = ["m=video 0 UDP/TLS/RTP/SAVPF 0", "c=IN IP4 0.0.0.0", "a=inactive", "a=mid:1"]
    written = page.evaluate("offered", offer(head=[line.replace("BUNDLE 0 1", "BUNDLE 0") for line in HEAD], video=rejected))
    assert "m=video 0 UDP/TLS/RTP/SAVPF 0\r\nc=IN IP4 0.0.0.0\r\na=inactive\r\na=mid:1\r\n" in written


OFFERED = [{"mid": "0", "kind": "audio"}, {"mid": "1", "kind": "video"}]
ANSWERS: dict[str, tuple[str, str, list[dict[str, Any]]]] = {
    "sends to us": ("sdp_direction", answer("sendonly"), OFFERED),
    "both directions": ("sdp_direction", answer("sendrecv"), OFFERED),
    "offers a role again": ("sdp_setup", answer(setup="actpass"), OFFERED),
    "section left out": ("sdp_sections", answer(), [*OFFERED, {"mid": "2", "kind": "video"}]),
    "section too many": ("sdp_sections", answer(), OFFERED[:1]),
    "sections in another order": ("sdp_sections", answer(), OFFERED[::-1]),
    "other kind": ("sdp_sections", answer(), [OFFERED[0], {"mid": "1", "kind": "audio"}]),
}


def test_hostile_answers_are_refused_with_their_code(page: Page) -> None:
    outcomes = {
        name: page.evaluate("([text, offered]) => answered(text, offered)", [text, ours])
        for name, (_, text, ours) in ANSWERS.items()
    }
    assert outcomes == {name: code for name, (code, _, _) in ANSWERS.items()}
    assert page.evaluate("([text, offered]) => answered(text, offered)", [answer(), OFFERED]).startswith("v=0")


def test_our_addresses_stay_here(page: Page) -> None:
    stripped = page.evaluate("stripped", offer())
    assert "192.0.2.7" not in stripped
    assert "candidate" not in stripped


FRAME_MESSAGES: dict[str, tuple[str, Any]] = {
    "object instead of text": ("frame_message", {"type": "gone", "code": "x"}),
    "no JSON": ("frame_message", "gone"),
    "list": ("frame_message", "[]"),
    "unknown type": ("frame_message", '{"type":"token"}'),
    "further member": ("frame_message", '{"type":"gone","code":"closed","html":"<b>"}'),
    "code with markup": ("frame_message", '{"type":"gone","code":"<img>"}'),
    "too large": ("frame_too_large", '{"type":"gone","code":"' + "a" * 300_000 + '"}'),
    "SDP that is no text": ("frame_message", '{"type":"published","sdp":{}}'),
    "stream with an unknown track": (
        "frame_message",
        '{"type":"offer","sdp":"","streams":[{"mid":"0","feed":"' + "A" * 22 + '","track":"data"}]}',
    ),
    "stream that claims a source": (
        "frame_message",
        '{"type":"offer","sdp":"","streams":[{"mid":"0","feed":"' + "A" * 22 + '","track":"mic","source_id":1}]}',
    ),
    "ICE server of another scheme": ("frame_message", '{"type":"joined","ice_servers":[{"urls":["http://x"]}]}'),
    "ICE server without address": ("frame_message", '{"type":"joined","ice_servers":[{"urls":[]}]}'),
}


def test_hostile_frame_messages_are_refused(page: Page) -> None:
    parse = """async (data) => {
        const { parseFrameMessage } = await import('/call/frame_port.js');
        try { parseFrameMessage(data); return 'taken'; } catch (error) { return error.code; }
    }"""
    assert {name: page.evaluate(parse, data) for name, (_, data) in FRAME_MESSAGES.items()} == {
        name: code for name, (code, _) in FRAME_MESSAGES.items()
    }


def test_a_frame_that_breaks_the_rules_or_floods_loses_the_line(page: Page) -> None:
    run = """async (messages) => {
        const { FramePort } = await import('/call/frame_port.js');
        const { port1, port2 } = new MessageChannel();
        const heard = [];
        const broken = new Promise((resolve) => new FramePort(port1, { onMessage: (m) => heard.push(m), onBroken: resolve }));
        for (const message of messages) port2.postMessage(message);
        return [await broken, heard.length];
    }"""
    gone = '{"type":"gone","code":"closed"}'
    assert page.evaluate(run, [gone, "x", gone]) == ["frame_message", 1]
    code, heard = page.evaluate(run, [gone] * 400)
    assert code == "frame_too_many"
    assert heard < 400
