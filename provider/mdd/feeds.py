"""What Janus says about feeds, as our own words. A stream is (feed, mid); ``track`` is a hint of its sender, unproven."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

TRACKS: Final = ("mic", "camera", "screen", "screen-audio")


@dataclass(frozen=True, order=True)
class Stream:
    """One audio or video stream of a feed."""

    feed: str
    mid: str
    kind: str
    track: str


@dataclass(frozen=True)
class Placed:
    """Where a subscribed stream stands in the subscription's SDP: ``mid`` of the m-section. Inactive: no stream."""

    mid: str
    active: bool
    feed: str
    feed_mid: str
    track: str


def parse_publishers(publishers: Iterable[dict[str, Any]]) -> dict[str, tuple[Stream, ...]]:
    """Streams by feed, from Janus' ``publishers``; data channels and disabled streams are left out."""
    return {str(one["id"]): tuple(_streams(str(one["id"]), one.get("streams", []))) for one in publishers}


def _streams(feed: str, streams: Iterable[dict[str, Any]]) -> Iterable[Stream]:
    for stream in streams:
        if stream.get("type") in ("audio", "video") and not stream.get("disabled"):
            yield Stream(feed=feed, mid=str(stream["mid"]), kind=stream["type"], track=_track(stream, "description"))


def parse_placed(streams: Iterable[dict[str, Any]]) -> list[Placed]:
    """Layout of a subscription, from Janus' ``streams`` of ``attached`` and ``updated``."""
    return [
        Placed(
            mid=str(stream["mid"]),
            active=bool(stream.get("active")) and "feed_id" in stream,
            feed=str(stream.get("feed_id", "")),
            feed_mid=str(stream.get("feed_mid", "")),
            track=_track(stream, "feed_description"),
        )
        for stream in streams
        if stream.get("type") in ("audio", "video")
    ]


def _track(stream: dict[str, Any], member: str) -> str:
    told = stream.get(member)
    return told if told in TRACKS else {"audio": "mic", "video": "camera"}[stream["type"]]
