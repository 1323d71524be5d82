"""Ignorance, proven: after the whole story nothing of what is planted lies where it must not, and what may be there is found.

Memory and traffic of other processes are for root only; without it those places are left out.
"""

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from config.embedded.ports import media_ranges
from tests.ignorance import places
from tests.ignorance.capture import Capture
from tests.ignorance.scanner import Scanner
from tests.ignorance.story import Story
from tests.ignorance.table import KINDS, KNOWS, NEVER, PLACES, Place, as_markdown
from tests.stack import Stack

ROOT = os.geteuid() == 0
DOCUMENT = Path("docs/security/what-each-party-knows.md")
Found = dict[str, dict[str, int]]  # by place, by kind: how often


@pytest.fixture(scope="module")
def told(stack: Stack, browser, tmp_path_factory) -> Iterator[Story]:
    """The story, played once; ``found`` looks at its traces."""
    story = Story(stack, browser, tmp_path_factory.mktemp("ignorance"))
    yield story
    story.close()


@pytest.fixture(scope="module")
def found(stack: Stack, told: Story) -> Found:
    began = time.time()
    with ExitStack() as running:
        valkey = running.enter_context(places.Valkey(stack))
        capture = running.enter_context(Capture(told.directory / "traffic", recorded_ports(stack))) if ROOT else None
        told.play_until_the_rekey()
        scanner = Scanner(told.values)
        seen = in_memory(stack, scanner) if ROOT else {}
        told.play_to_the_end()
        if capture is not None:
            seen |= in_traffic(stack, scanner, capture)
        seen["Valkey"] = scanner.kinds_in(valkey.content())
    return seen | at_rest(stack, scanner, told, began)


def signalling_ports(stack: Stack) -> set[int]:
    lines = (stack.state.root / "provider" / "env").read_text().splitlines()
    url = next(line for line in lines if line.startswith("CONCLAVE_JANUS_URL="))
    return {stack.provider_port, int(url.rsplit(":", 1)[1])}


def media_ports(stack: Stack) -> set[int]:
    lines = (stack.state.root / "provider" / "env").read_text().splitlines()
    relay = next(line for line in lines if line.startswith("CONCLAVE_TURN_ADDRESS="))
    ranges = media_ranges(stack.provider_port)
    return {int(relay.rsplit(":", 1)[1])} | {port for first, last in ranges for port in range(first, last + 1)}


def recorded_ports(stack: Stack) -> set[int]:
    return signalling_ports(stack) | media_ports(stack)


def in_memory(stack: Stack, scanner: Scanner) -> Found:
    names = {
        "provider's memory": ["provider"],
        "Janus' memory": ["janus"],
        "coturn's memory": ["turn"],
        "trusted site's memory": ["trusted"],
        "worker's memory": ["worker", "beat"],
    }
    return {
        place: scanner.kinds_in(part for process in processes for part in places.memory(stack.pid(process)))
        for place, processes in names.items()
    }


def in_traffic(stack: Stack, scanner: Scanner, capture: Capture) -> Found:
    media = capture.traffic(media_ports(stack))
    assert sum(map(len, media)) > 100_000, "no media was recorded"
    return {
        "provider's and Janus' traffic": scanner.kinds_in(capture.traffic(signalling_ports(stack))),
        "media and relay traffic": scanner.kinds_in(media),
    }


def at_rest(stack: Stack, scanner: Scanner, told: Story, began: float) -> Found:
    root = stack.state.root
    logs = {path for path in (root / "log").iterdir() if path.is_file()}
    provider_logs = {path for path in logs if path.name.split(".")[0] in ("provider", "janus", "turn", "prepare-provider")}
    return {
        "provider's database": scanner.kinds_in(
            [*places.rows(stack, "provider"), *places.files(places.database_files(stack, "provider"))]
        ),
        "provider's configuration": scanner.kinds_in(places.files(root / "provider", root / "mdd")),
        "provider-side logs": scanner.kinds_in(places.files(*provider_logs)),
        "trusted database": scanner.kinds_in(
            [*places.rows(stack, "trusted"), *places.files(places.database_files(stack, "trusted"))]
        ),
        "whole database cluster, write-ahead log included": scanner.kinds_in(places.files(root / "postgres")),
        "trusted logs": scanner.kinds_in(places.files(*(logs - provider_logs), root / "output")),
        "mails": scanner.kinds_in(places.files(root / "mail")),
        "temporary files": scanner.kinds_in(places.new_temporary_files(began)),
        "leaver's browser profile": scanner.kinds_in(places.files(told.directory / "profile")),
    }


@pytest.fixture(scope="module", params=PLACES, ids=lambda place: place.name)
def place(request) -> Place:
    if request.param.needs_root and not ROOT:
        pytest.skip("memory and traffic of other processes are for root only")
    return request.param


@pytest.mark.requirement("IGNORANCE-1")
def test_nothing_lies_where_it_must_not(found: Found, place: Place):
    strays = {kind: count for kind, count in found[place.name].items() if place.verdict(kind) == NEVER}
    assert strays == {}


def test_what_a_place_knows_is_found_there(found: Found, place: Place):
    """A search that finds nothing anywhere proves nothing."""
    unseen = {kind for kind in KINDS if place.verdict(kind) == KNOWS} - found[place.name].keys()
    assert unseen == set()


def test_each_kind_was_looked_for(told: Story, found: Found):
    assert {kind for kind, values in told.values.items() if values} == set(KINDS)


def test_the_document_shows_the_same_table():
    assert as_markdown() in DOCUMENT.read_text()
