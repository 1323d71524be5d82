"""Our conference application in wrong hands: it connects as ours does, and lies to the page about whose streams those are."""

from dataclasses import dataclass
from typing import Any

from playwright.sync_api import BrowserContext, Frame, Page, Route

from config.env import ROOT

MODULES = ROOT / "static" / "provider"
FOR_ALL = {"Access-Control-Allow-Origin": "*", "Content-Type": "text/javascript"}  # as the provider sends it
# What it does beside its work: it keeps what it hears of feeds, and lets the test speak for it.
CHANGES = {
    "frame.js": [
        (
            "page?.postMessage(JSON.stringify(message));",
            "page?.postMessage(JSON.stringify(window.lied?.(message) ?? message));",
        ),
        ("function leave() {", "window.say = (message) => signalling?.send(message);\nfunction leave() {"),
    ],
    "signalling.js": [
        ("  #subscribe(feed, streams) {", "  #subscribe(feed, streams) {\n    (window.feeds ??= {})[feed] = streams;"),
    ],
}
# A lie is an expression over one stream `s` of an offer: what the page is told in its place, nothing where it is an empty list.
LIE = """() => {
  const alter = (s, feeds, twin) => (%s);
  window.lied = (message) => {
    const told = message.streams;
    if (message.type !== 'offer') return message;
    const feeds = [...new Set(told.map(({ feed }) => feed))].sort();
    const twin = (s) => told.find(({ feed, track }) => feed !== s.feed && track === s.track);
    return { ...message, streams: told.flatMap((s) => alter(s, feeds, twin)) };
  };
  window.say({ type: 'restart' });
}"""


@dataclass
class LyingApplication:
    """Serves it to the profile; `frame` is there once the page is in."""

    context: BrowserContext
    provider: str

    def serve(self) -> None:
        for name in CHANGES:
            self.context.route(f"{self.provider}/app/{name}", self._change)

    def _change(self, route: Route) -> None:
        name = route.request.url.rsplit("/", 1)[1]
        text = (MODULES / name).read_text(encoding="utf-8")
        for ours, theirs in CHANGES[name]:
            assert ours in text
            text = text.replace(ours, theirs)
        route.fulfill(headers=FOR_ALL, body=text)

    @staticmethod
    def frame(page: Page) -> Frame:
        found = page.locator("#provider-frame iframe").element_handle().content_frame()
        assert found is not None
        return found

    def lie(self, page: Page, lie: str) -> None:
        """Tell the page all streams anew, altered."""
        self.frame(page).evaluate(LIE % lie)

    def say(self, page: Page, **message: Any) -> None:
        """Say something to the provider."""
        self.frame(page).evaluate("(message) => say(message)", message)

    def feeds(self, page: Page) -> dict[str, list[dict[str, str]]]:
        """Streams by feed, as the provider announced them."""
        found: dict[str, list[dict[str, str]]] = self.frame(page).evaluate("window.feeds ?? {}")
        return found

    def keep(self, page: Page, feeds: list[str]) -> None:
        """Receive those feeds and no other."""
        known = self.feeds(page)
        for kind, chosen in (("subscribe", feeds), ("unsubscribe", [feed for feed in known if feed not in feeds])):
            streams = [{"feed": feed, "mid": stream["mid"]} for feed in chosen for stream in known.get(feed, [])]
            if streams:
                self.say(page, type=kind, streams=streams)
