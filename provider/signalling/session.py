"""One endpoint's signalling: between its socket and its part in the MDD's room."""

from collections.abc import Callable
from typing import Any

from provider.errors import Malformed, MDDRefused
from provider.mdd.conference_room import ConferenceRoom
from provider.mdd.feeds import Placed, Stream, parse_placed, parse_publishers
from provider.mdd.janus_session import JanusSession, Reply
from provider.signalling.messages import Answer, Layout, Message, Publish, Restart, Subscribe, Unsubscribe
from provider.signalling.subscription import Subscription


class SignallingSession:
    """``tell`` gives the endpoint a message and never waits; ``gone`` is called when the MDD went away."""

    def __init__(self, room: ConferenceRoom, tell: Callable[[dict[str, Any]], None], gone: Callable[[], None]) -> None:
        self._room = room
        self._janus: JanusSession = room.session
        self._tell = tell
        self._gone = gone
        self._subscription = Subscription()
        self._placed: dict[str, Placed] = {}
        self._restart = False
        self._janus.on_event = self._on_event
        self._janus.on_gone = gone

    def welcome(self, feed: str) -> None:
        """Tell the endpoint its own feed and those of the others."""
        self._tell({"type": "welcome", "feed": feed})
        self._announce(self._room.feeds)
        for reply in self._janus.early:  # said since the room was entered
            self._on_event(reply)
        self._janus.early.clear()

    async def take(self, message: Message) -> None:
        """Do what the endpoint asks.

        Raises:
            Malformed: out of turn.
            MDDGone: the MDD is away or refuses.

        """
        match message:
            case Publish(sdp, tracks):
                self._tell({"type": "published", "sdp": await self._room.publish(sdp, tracks)})
            case Subscribe(streams):
                self._subscription.wanted |= streams & self._subscription.known.keys()
            case Unsubscribe(streams):
                self._subscription.wanted -= streams
            case Answer(sdp):
                await self._answer(sdp)
            case Layout(layers):
                await self._room.choose_layers([(mid, layer) for mid, layer in layers if mid in self._placed])
            case Restart():
                self._restart = True
            case _:
                raise Malformed("out of turn")
        await self._change()

    async def _answer(self, sdp: str) -> None:
        if self._subscription.offers == 0:
            raise Malformed("answer without an offer")
        await self._room.start(sdp)
        self._subscription.offers -= 1

    async def _change(self) -> None:
        if self._restart and self._subscription.offers == 0:
            self._restart = False
            reply = await self._room.restart()
            if reply is not None:
                self._offer(reply)
        change = self._subscription.next_change()
        if change is None:
            return
        added, removed = change
        try:
            await self._ask(added, removed)
        except MDDRefused:
            await self._ask_one_by_one(added)

    async def _ask_one_by_one(self, added: list[Stream]) -> None:
        # One stream that just ended makes Janus refuse the whole list.
        for stream in added:
            try:
                await self._ask([stream], [])
            except MDDRefused:
                self._subscription.refused([stream])

    async def _ask(self, added: list[Stream], removed: list[Stream]) -> None:
        reply = await self._room.subscribe(added, removed)
        self._subscription.took(added, removed)
        if reply is not None:
            self._offer(reply)

    def _offer(self, reply: Reply) -> None:
        self._subscription.offers += 1
        if "streams" in reply.data:  # a restart changes nothing of what is where
            self._placed = {placed.mid: placed for placed in parse_placed(reply.data["streams"]) if placed.active}
        streams = [{"mid": mid, "feed": placed.feed, "track": placed.track} for mid, placed in self._placed.items()]
        self._tell({"type": "offer", "sdp": reply.sdp, "streams": streams})

    def _on_event(self, reply: Reply) -> None:
        if reply.handle != self._room.publisher:
            if reply.sdp is not None:  # a stream ended and Janus changed the subscription by itself
                self._offer(reply)
        elif reply.data.get("videoroom") == "destroyed" or reply.data.get("reason") == "kicked":
            self._gone()
        else:
            self._announce(parse_publishers(reply.data.get("publishers", [])))
            for member in ("unpublished", "leaving", "kicked"):
                feed = reply.data.get(member)
                if isinstance(feed, str) and feed != "ok":
                    self._withdraw(feed)

    def _announce(self, feeds: dict[str, tuple[Stream, ...]]) -> None:
        for feed, streams in feeds.items():
            self._subscription.learn(feed, streams)
            told = [{"mid": stream.mid, "kind": stream.kind, "track": stream.track} for stream in streams]
            self._tell({"type": "feed", "feed": feed, "streams": told})

    def _withdraw(self, feed: str) -> None:
        if any(key[0] == feed for key in self._subscription.known):
            self._subscription.forget(feed)
            self._tell({"type": "feed_gone", "feed": feed})
