"""What the conference application may not say to the page; for each, the code under which the line ends."""

import json
from typing import Any

FEED = "F" * 22
STREAMS = [{"mid": "0", "feed": FEED, "track": "mic"}, {"mid": "1", "feed": FEED, "track": "camera"}]
GONE = '{"type":"gone","code":"x"}'
JOINED = '{"type":"joined","ice_servers":[]}'
MESSAGES: dict[str, tuple[str, list[Any]]] = {
    "asks for the keys": ("frame_message", ['{"type":"keys"}']),
    "asks for a token": ("frame_message", ['{"type":"token","resource":"kmf"}']),
    "asks as the page asks its worker": ("frame_message", [{"type": "join-document", "request": 1}]),
    "answers as the worker answers the page": ("frame_message", [{"event": "over", "code": "left"}]),
    "asks for the tracks": ("frame_message", ['{"type":"tracks"}']),
    "asks for the page": ("frame_message", ['{"type":"dom","selector":"body"}']),
    "sends a script": ("frame_message", ['{"type":"gone","code":"<img src=x onerror=alert(1)>"}']),
    "object instead of text": ("frame_message", [{"type": "gone", "code": "x"}]),
    "no message at all": ("frame_message", [None]),
    "cut short": ("frame_message", [GONE[:-1]]),
    "a member more": ("frame_message", ['{"type":"gone","code":"x","name":"Ada"}']),
    "prototype": ("frame_message", ['{"type":"gone","code":"x","__proto__":{"polluted":true}}']),
    "nested without end": ("frame_message", ["[" * 100_000]),
    "too large": ("frame_too_large", ['{"type":"gone","code":"' + "x" * 300_000 + '"}']),
    "flood": ("frame_too_many", ['{"type":"published","sdp":"x"}'] * 400),
    "joined twice": ("frame_message", [JOINED, JOINED]),
    "ICE server elsewhere than ICE": ("frame_message", ['{"type":"joined","ice_servers":[{"urls":["https://x.invalid"]}]}']),
    "names a source": (
        "frame_message",
        [JOINED, json.dumps({"type": "offer", "sdp": "v=0", "streams": [STREAMS[0] | {"source_id": 1}]})],
    ),
}
