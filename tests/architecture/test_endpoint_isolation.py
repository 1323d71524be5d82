"""Over the source of what runs beside the keys: where it may speak, store, and make keys; and what it never does."""

import re
from pathlib import Path

import pytest

from tests.architecture.test_no_console import TRUSTED, code

ENDPOINT = Path("static/endpoint")
KEY_CALL = re.compile(r"\b(?:generateKey|importKey|deriveKey|unwrapKey)\([^\n]*")
EXPORT = re.compile(r"\bexportKey\([^,]+, ([\w.]+)\)")
# What a word stands for, and the only files that may have it.
ONLY_IN = {
    "requests": (
        r"\bfetch\(|\bXMLHttpRequest\b",
        {"page/tab.js", "worker/session/kmf_http.js", "worker/session/documents.js"},
    ),
    "sockets": (r"\bnew WebSocket\b", {"worker/session/push_socket.js"}),
    "web storage": (r"\blocalStorage\b", {"page/choices.js"}),
    "a database": (r"\bindexedDB\b", {"page/capability.js", "worker/session/store.js"}),
    "messages to any origin": (r"postMessage\([^\n]*\"\*\"", {"call/frame_port.js"}),
    "cameras and microphones": (r"\bgetUserMedia\(", {"page/devices.js"}),
    "transforms of frames": (r"\bnew RTCRtpScriptTransform\b", {"call/publisher.js", "call/subscriber.js"}),
    "connections": (r"\bnew RTCPeerConnection\b", {"call/publisher.js", "call/subscriber.js"}),
    "workers": (r"\bnew Worker\b", {"page/worker_port.js"}),
    "policies of Trusted Types": (r"\bcreatePolicy\(", {"page/worker_port.js"}),
    "refresh tokens": (r"refresh_token|#refreshToken", {"worker/session/grant.js"}),
}
NOWHERE = {
    "storage of the tab": r"\bsessionStorage\b",
    "cookies": r"document\.cookie\b",
    "modules by address": r"(?<![\w.])import\s*\(",
    "scripts by address": r"\bimportScripts\b",
    "beacons and event streams": r"\bsendBeacon\b|\bEventSource\b",
    "data channels": r"\bcreateDataChannel\b|\bondatachannel\b",
    "the older way past the worker": r"\bcreateEncodedStreams\b|\bencodedInsertableStreams\b",
    "recording": r"\bMediaRecorder\b|\bcaptureStream\b|\bMediaStreamTrackProcessor\b",
    "service workers": r"\bserviceWorker\b",
    "another domain": r"\bdocument\.domain\b",
    "text as code": r"\bset(?:Timeout|Interval)\(\s*[\"'`]",
}


def files_with(pattern: str) -> set[str]:
    return {path.relative_to(ENDPOINT).as_posix() for path in TRUSTED if re.search(pattern, code(path))}


@pytest.mark.parametrize(("pattern", "allowed"), ONLY_IN.values(), ids=ONLY_IN.keys())
def test_it_stands_where_it_may_and_nowhere_else(pattern: str, allowed: set[str]) -> None:
    assert files_with(pattern) == allowed


@pytest.mark.parametrize("pattern", NOWHERE.values(), ids=NOWHERE.keys())
def test_it_stands_nowhere(pattern: str) -> None:
    assert files_with(pattern) == set()


def test_no_key_is_made_that_a_script_could_read() -> None:
    calls = [call for path in TRUSTED for call in KEY_CALL.findall(code(path))]
    assert len(calls) > 10
    assert [call for call in calls if ", false, [" not in call and not re.match(r"generateKey\([^)]*false", call)] == []


def test_only_public_keys_are_exported() -> None:
    exported = {name for path in TRUSTED for name in EXPORT.findall(code(path))}
    assert exported == {"pair.publicKey", "kemPair.publicKey", "identityKeys.publicKey", "publicKey"}


def test_neither_page_nor_call_imports_code_of_the_worker() -> None:
    imports = re.compile(r"^(?:import|export)[^\n]*from \"([^\"]+)\"", re.MULTILINE)
    outside = [path for path in TRUSTED if not path.is_relative_to(ENDPOINT / "worker")]
    assert [(path, name) for path in outside for name in imports.findall(code(path)) if "worker/" in name] == []
