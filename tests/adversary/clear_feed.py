"""The provider's own people publish into a conference's room: clear VP8 and Opus, past every endpoint page.

They hold the API secret, the room's secret and PIN (Janus VideoRoom API).
"""

import json
import secrets
from typing import Any

from playwright.sync_api import BrowserContext, Page, Route, expect

from protocol import base64url
from tests.browser.janus_recording import JanusOperator
from tests.browser.joining import frames_decoded, inbound, sees, until
from tests.scenes import Scene

STRANGER_SHOWN_MS = 4_000
BLANK = "http://localhost:9/"
OFFER = """async () => {
  window.connection = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 320, height: 240 } });
  for (const track of stream.getTracks()) {
    const transceiver = connection.addTransceiver(track, { direction: 'sendonly' });
    const { codecs } = RTCRtpReceiver.getCapabilities(track.kind);
    const wanted = ['audio/opus', 'video/VP8', 'video/rtx'];
    transceiver.setCodecPreferences(codecs.filter(({ mimeType }) => wanted.includes(mimeType)));
  }
  await connection.setLocalDescription();
  return connection.localDescription.sdp;
}"""
FRAMES_SENT = """async () => {
  const sent = [...(await connection.getStats()).values()].filter(({ type }) => type === 'outbound-rtp');
  return sent.find(({ kind }) => kind === 'video')?.framesSent ?? 0;
}"""


class ClearPublisher(JanusOperator):
    """A page that publishes its fake camera and microphone without any protection."""

    def __init__(self, scene: Scene, context: BrowserContext) -> None:
        super().__init__(scene.stack)
        with scene.stack.connect("provider") as database:
            row = database.execute(
                "SELECT mdd_room, secret, pin FROM provider_part p JOIN provider_room r ON r.id = p.room_id WHERE handle = %s",
                (scene.handle,),
            ).fetchone()
        assert row is not None
        self._room, self._room_secret, self._pin = row
        self.feed = base64url.encode(secrets.token_bytes(16))
        self.page = blank_page(context)

    def publish(self) -> None:
        token = secrets.token_urlsafe(32)
        self.ask_room(request="allowed", action="add", room=self._room, secret=self._room_secret, allowed=[token])
        self._tell(request="join", ptype="publisher", room=self._room, pin=self._pin, id=self.feed, token=token)
        jsep = {
            "type": "offer",
            "sdp": self.page.evaluate(OFFER),
            "e2ee": True,
            "trickle": False,
        }  # Janus believes what it is told
        tracks = [{"mid": "0", "description": "mic"}, {"mid": "1", "description": "camera"}]
        answer = self._tell(request="publish", descriptions=tracks, jsep=jsep)["jsep"]
        self.page.evaluate("(answer) => connection.setRemoteDescription(answer)", {"type": "answer", "sdp": answer["sdp"]})

    def frames_sent(self) -> int:
        return int(self.page.evaluate(FRAMES_SENT))

    def _tell(self, *, jsep: dict[str, Any] | None = None, **body: Any) -> dict[str, Any]:
        """A request that Janus answers with an event."""
        transaction = secrets.token_hex(8)
        message = {"janus": "message", "transaction": transaction, "apisecret": self._secret, "body": body, **self._ids}
        self._socket.send(json.dumps(message | ({"jsep": jsep} if jsep else {})))
        while True:
            answer: dict[str, Any] = json.loads(self._socket.recv(timeout=10))
            if answer.get("transaction") == transaction and answer["janus"] != "ack":
                assert "error" not in answer["plugindata"]["data"], answer
                return answer


def blank_page(context: BrowserContext) -> Page:
    """An empty page with the right to a camera."""

    def serve(route: Route) -> None:
        route.fulfill(content_type="text/html", body="<!doctype html><title>Clear</title>")

    context.route(f"{BLANK}**", serve)
    page = context.new_page()
    page.goto(BLANK)
    return page


def streams(page: Page, kind: str) -> list[dict[str, Any]]:
    """Inbound streams of ``kind`` with enough packets to show something, the least decoded one first."""
    return sorted((row for row in inbound(page) if row["kind"] == kind and row["packets"] > 30), key=lambda row: row["frames"])


def nothing_clear_was_shown(page: Page) -> None:
    """Of the clear feed nothing was decoded and no tile has a name for it; the one genuine feed goes on."""
    clear, genuine = streams(page, "video")
    assert clear["frames"] == 0
    assert genuine["frames"] > 0
    silent = min(streams(page, "audio"), key=lambda row: row["energy"])
    assert (silent["energy"], silent["samples"] - silent["concealed"]) == (0, 0)
    sees(page, 1)
    nobody = page.locator("[data-testid=tile][data-named=false]")
    for tile in nobody.all():
        expect(tile).to_have_attribute("data-video", "off")
        expect(tile).to_have_attribute("data-decrypting", "false")
    assert nobody.count() > 0
    assert page.get_by_test_id("stage").get_attribute("data-problem") != "unprotected_media"
    before = frames_decoded(page)
    until(lambda: frames_decoded(page) > before + 5, "the genuine feed to go on")
