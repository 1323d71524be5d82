"""Signalling sockets of a real Daphne: one participant floods his, another one beside him has a quiet conference."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
import websockets
from websockets.asyncio.client import ClientConnection, connect

from tests.browser.provider_site import ProviderSite

TRACKS = [{"mid": "0", "track": "mic"}]
OFFER = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"
    "c=IN IP4 0.0.0.0\r\na=sendonly\r\na=mid:0\r\na=rtcp-mux\r\na=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\n"
    f"a=fingerprint:sha-256 {':'.join(['AB'] * 32)}\r\na=setup:actpass\r\na=rtpmap:111 opus/48000/2\r\n"
)
PUBLISH = json.dumps({"type": "publish", "sdp": OFFER, "tracks": TRACKS})
LAYOUT = json.dumps({"type": "layout", "streams": []})
LARGE = LAYOUT + " " * 200_000
CUT = (4429, 1006)  # who goes on talking when he is not read any more may not hear why
MB = 1024 * 1024


@pytest.fixture(scope="module")
def site() -> Iterator[ProviderSite]:
    running = ProviderSite()
    try:
        running.start()
        yield running
    finally:
        running.stop()


@asynccontextmanager
async def inside(site: ProviderSite, who: str) -> AsyncIterator[ClientConnection]:
    """A socket whose hello was answered."""
    credentials = site.credentials(who)
    host = site.provider.split("//")[1]
    headers = {"Host": host, "Origin": "null", "Authorization": f"DPoP {credentials['token']}", "DPoP": credentials["proof"]}
    address = f"127.0.0.1:{site.provider_port}"
    async with httpx.AsyncClient() as client:
        answer = await client.post(f"http://{address}/conferences/{site.handle}/join", headers=headers, timeout=20)
    path = f"/conferences/{site.handle}/signalling"
    async with connect(
        f"ws://{host}{path}", host="127.0.0.1", origin=websockets.Origin("null"), proxy=None, compression=None, max_size=MB
    ) as line:
        await line.send(json.dumps({"type": "hello", "ticket": answer.json()["ticket"]}))
        assert (await hear(line, "welcome"))["type"] == "welcome"
        yield line


async def hear(line: ClientConnection, kind: str) -> dict[str, Any]:
    while True:
        message: dict[str, Any] = json.loads(await asyncio.wait_for(line.recv(), 20))
        if message["type"] == kind:
            return message


async def flood(line: ClientConnection, text: str) -> int:
    """Say it as fast as it is taken, until the line ends; how often."""
    count = 0
    with suppress(websockets.ConnectionClosed):
        while True:
            await line.send(text)
            count += 1
    return count


def memory(site: ProviderSite) -> int:
    """Bytes that Daphne holds."""
    status = Path(f"/proc/{site.processes['daphne'].pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) * 1024


async def publish(line: ClientConnection) -> None:
    """What needs the media server."""
    async with asyncio.timeout(20):
        await line.send(PUBLISH)
        assert (await hear(line, "published"))["sdp"]


def reasons(site: ProviderSite) -> list[str]:
    """Why sockets ended, by the provider's log."""
    return [line for line in (site.directory / "daphne.log").read_text().splitlines() if "signalling ended" in line]


async def ends_for(site: ProviderSite, known: int, reason: tuple[str, ...]) -> None:
    """Of the reasons after the first ``known`` one is ``reason``; it is written down when the seat was given back."""
    async with asyncio.timeout(20):
        while not any(line.endswith(reason) for line in reasons(site)[known:]):  # noqa: ASYNC110  another process writes it
            await asyncio.sleep(0.1)


@pytest.mark.parametrize("text", [LAYOUT, LARGE], ids=["small messages", "large messages"])
async def test_who_floods_is_cut_and_nobody_else_notices(site: ProviderSite, text: str) -> None:
    known = len(reasons(site))
    async with inside(site, "calm") as calm, inside(site, "loud") as loud:
        flooding = asyncio.create_task(flood(loud, text))
        for number in range(3):
            async with inside(site, f"visitor {number}") as visitor:
                await publish(visitor)
        await asyncio.wait_for(flooding, 20)
        assert loud.close_code in CUT
        await ends_for(site, known, ("too many messages on a socket", "more than is heard on a socket"))
        await publish(calm)


async def test_what_waits_for_a_media_server_that_hangs_has_an_end(site: ProviderSite) -> None:
    """Nothing is heard meanwhile, so nothing but the way in itself can stop him."""
    janus, known = site.processes["janus"].pid, len(reasons(site))
    large = json.dumps({"type": "publish", "sdp": OFFER + "a=x\r\n" * 28_000, "tracks": TRACKS})
    async with inside(site, "calm") as calm, inside(site, "loud") as loud:
        before = memory(site)
        os.kill(janus, signal.SIGSTOP)
        try:
            await loud.send(PUBLISH)
            flooding = asyncio.create_task(flood(loud, large))
            await asyncio.sleep(2)  # not so long that the media server is taken for gone
            assert memory(site) - before < 40 * MB
        finally:
            os.kill(janus, signal.SIGCONT)
        assert await asyncio.wait_for(flooding, 20) < 200
        assert loud.close_code in CUT
        await ends_for(site, known, ("more than is heard on a socket",))
        await publish(calm)
