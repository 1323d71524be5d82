"""Messages of an endpoint on the signalling socket, parsed to types (docs/protocol.md section 7)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from protocol import strict_json
from protocol.errors import ProtocolError
from protocol.words import SOCKET_MESSAGE_LIMIT_BYTES, check_identifier
from provider.errors import Malformed, TooLarge
from provider.mdd.feeds import TRACKS
from provider.signalling.descriptions import check_description

STREAMS_LIMIT = 2000
TRACKS_LIMIT = 8
TICKET_CHARACTERS = 43
BEST_LAYER = 2
_MID = re.compile(r"[A-Za-z0-9]{1,16}\Z")


@dataclass(frozen=True, repr=False)
class Hello:
    """First message."""

    ticket: str


@dataclass(frozen=True)
class Publish:
    """Offer for the endpoint's own media; ``tracks`` are (mid, track)."""

    sdp: str
    tracks: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Subscribe:
    """Streams wanted from now on besides the others, as (feed, mid)."""

    streams: frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Unsubscribe:
    """Streams not wanted any more."""

    streams: frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Answer:
    """Answer to the latest offer of the subscription."""

    sdp: str


@dataclass(frozen=True)
class Layout:
    """How much is wanted of sections of the subscription that hold video; ``layers`` are (mid, layer 0 … 2, 2 the best)."""

    layers: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Restart:
    """The way of the subscription's media is broken, or the endpoint's network is another one: find a way anew."""


@dataclass(frozen=True)
class Bye:
    """The endpoint leaves."""


Message = Hello | Publish | Subscribe | Unsubscribe | Answer | Layout | Restart | Bye


def parse(text: str | None) -> Message:
    """Parse one text frame.

    Raises:
        TooLarge: over 256 kB.
        Malformed: anything else that is not exactly of the form.

    """
    if text is None:
        raise Malformed("not a text frame")
    raw = text.encode("utf-8", "surrogatepass")
    if len(raw) > SOCKET_MESSAGE_LIMIT_BYTES:
        raise TooLarge("message over its limit")
    try:
        members = strict_json.parse(raw, SOCKET_MESSAGE_LIMIT_BYTES)
        return _read(members)
    except ProtocolError as error:
        raise Malformed(error.reason) from None


def _read(members: Mapping[str, Any]) -> Message:
    match members:
        case {"type": "hello", "ticket": str(ticket), **rest} if not rest and len(ticket) == TICKET_CHARACTERS:
            return Hello(ticket)
        case {"type": "publish", "sdp": str(sdp), "tracks": list(tracks), **rest} if not rest and len(tracks) <= TRACKS_LIMIT:
            return Publish(check_description(sdp, most_sections=TRACKS_LIMIT), tuple(_track(track) for track in tracks))
        case {"type": "answer", "sdp": str(sdp), **rest} if not rest:
            return Answer(check_description(sdp, most_sections=STREAMS_LIMIT))
        case {"type": "bye", **rest} if not rest:
            return Bye()
    return _read_wish(members)


def _read_wish(members: Mapping[str, Any]) -> Message:
    """What an endpoint wants to receive."""
    match members:
        case {"type": "subscribe", "streams": list(streams), **rest} if not rest:
            return Subscribe(_streams(streams))
        case {"type": "unsubscribe", "streams": list(streams), **rest} if not rest:
            return Unsubscribe(_streams(streams))
        case {"type": "layout", "streams": list(streams), **rest} if not rest and len(streams) <= STREAMS_LIMIT:
            return Layout(tuple(_layer(stream) for stream in streams))
        case {"type": "restart", **rest} if not rest:
            return Restart()
    raise Malformed("not a message")


def _track(track: object) -> tuple[str, str]:
    match track:
        case {"mid": str(mid), "track": str(name), **rest} if not rest and _MID.match(mid) and name in TRACKS:
            return mid, name
    raise Malformed("not a track")


def _layer(stream: object) -> tuple[str, int]:
    match stream:
        case {"mid": str(mid), "layer": int(layer), **rest} if (
            not rest and _MID.match(mid) and type(layer) is int and 0 <= layer <= BEST_LAYER
        ):
            return mid, layer
    raise Malformed("not a layer")


def _streams(streams: list[object]) -> frozenset[tuple[str, str]]:
    if len(streams) > STREAMS_LIMIT:
        raise Malformed("too many streams")
    return frozenset(_stream(stream) for stream in streams)


def _stream(stream: object) -> tuple[str, str]:
    match stream:
        case {"feed": str(feed), "mid": str(mid), **rest} if not rest and _MID.match(mid):
            return check_identifier(feed), mid
    raise Malformed("not a stream")
