"""What one endpoint wants to receive, and the one change of it that is under way.

Janus takes a change at a time: the next goes out when the endpoint has answered the offer of the one before.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from provider.mdd.feeds import Stream

Key = tuple[str, str]  # feed, mid


@dataclass
class Subscription:
    """``known`` are all streams of the room but one's own; ``offers`` counts offers that wait for their answer."""

    known: dict[Key, Stream] = field(default_factory=dict)
    wanted: set[Key] = field(default_factory=set)
    asked: set[Key] = field(default_factory=set)
    offers: int = 0

    def learn(self, feed: str, streams: Iterable[Stream]) -> None:
        """Replace what is known of ``feed``."""
        self.forget_unlisted(feed, {stream.mid for stream in streams})
        self.known |= {(feed, stream.mid): stream for stream in streams}

    def forget(self, feed: str) -> None:
        """``feed`` is gone; Janus takes it out of the subscription by itself."""
        self.forget_unlisted(feed, set())

    def forget_unlisted(self, feed: str, mids: set[str]) -> None:
        """Drop the streams of ``feed`` whose mid is not among ``mids``."""
        gone = {key for key in self.known if key[0] == feed and key[1] not in mids}
        self.known = {key: stream for key, stream in self.known.items() if key not in gone}
        self.wanted -= gone
        self.asked -= gone

    def next_change(self) -> tuple[list[Stream], list[Stream]] | None:
        """(added, removed) to ask Janus for now, None if nothing is to do or an answer is awaited."""
        if self.offers > 0:
            return None
        added = sorted(self.known[key] for key in self.wanted - self.asked)
        removed = sorted(self.known[key] for key in self.asked - self.wanted)
        return (added, removed) if added or removed else None

    def took(self, added: Iterable[Stream], removed: Iterable[Stream]) -> None:
        """Janus took this change."""
        self.asked |= {(stream.feed, stream.mid) for stream in added} & self.known.keys()
        self.asked -= {(stream.feed, stream.mid) for stream in removed}

    def refused(self, added: Iterable[Stream]) -> None:
        """Janus refused these; they are not asked for again until the endpoint does."""
        self.wanted -= {(stream.feed, stream.mid) for stream in added}
