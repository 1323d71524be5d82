"""No key lost, none too many: what the endpoints hold, compared with what the audit says; and the audit itself."""

import json
from pathlib import Path
from typing import Any

from tests.simulators.crowd import Crowd
from tests.stack import Stack, wait_for


def entries_of(crowd: Crowd, event: str | None = None) -> list[dict[str, Any]]:
    """Entries of the conference's chain, oldest first."""
    with crowd.stack.connect("trusted") as database:
        rows = database.execute(
            "SELECT body FROM conferences_auditentry WHERE chain = %s ORDER BY number", (crowd.conference_id,)
        ).fetchall()
    entries = [json.loads(body) for (body,) in rows]
    return [entry for entry in entries if event is None or entry["event"] == event]


def newest_epoch(crowd: Crowd) -> int:
    """Number of the newest epoch."""
    with crowd.stack.connect("trusted") as database:
        row = database.execute("SELECT max(number) FROM kmf_epoch WHERE conference_id = %s", (crowd.conference_id,)).fetchone()
    assert row is not None
    return int(row[0])


def check_books(crowd: Crowd) -> None:
    """Everybody inside holds the current key, and nobody a key of an epoch whose holders do not name him."""
    _check_epochs(crowd)
    key_ids, holders = _hold_log(crowd)
    released = [entry["details"] for entry in entries_of(crowd, "key.released")]
    found: dict[str, bytes] = {}
    for endpoint in crowd.endpoints:
        sources = {details["source_id"] for details in released if details["jkt"] == endpoint.jkt}
        assert endpoint.sources <= sources
        for key_id, key in endpoint.keys.items():
            assert found.setdefault(key_id, key) == key
            assert sources & holders[key_ids[key_id]], (key_id, sources)
    # One that was being opened as we read is heard of within a second; nobody may be left out of it.
    wait_for(lambda: _all_hold_the_newest(crowd), "the newest key everywhere")


def check_audit(stack: Stack, directory: Path) -> None:
    """The export verifies offline."""
    export = directory / "audit.jsonl"
    written = stack.manage("audit", "export")
    assert written.returncode == 0, written.stderr
    export.write_text(written.stdout)
    verified = stack.manage("audit", "verify", str(export))
    assert verified.returncode == 0, verified.stdout + verified.stderr


def _check_epochs(crowd: Crowd) -> None:
    with crowd.stack.connect("trusted") as database:
        epochs = database.execute(
            "SELECT number, state FROM kmf_epoch WHERE conference_id = %s ORDER BY number", (crowd.conference_id,)
        ).fetchall()
        deltas = database.execute(
            "SELECT number FROM roster_rosterdelta WHERE conference_id = %s ORDER BY number", (crowd.conference_id,)
        ).fetchall()
    assert [number for number, _ in epochs] == list(range(1, len(epochs) + 1))
    assert [state for _, state in epochs].count("current") == 1
    assert epochs[-1][1] == "current"
    assert [number for (number,) in deltas] == list(range(1, len(deltas) + 1))


def _all_hold_the_newest(crowd: Crowd) -> bool:
    key_ids, holders = _hold_log(crowd)
    newest = max(holders)
    return all(newest in {key_ids.get(key_id) for key_id in endpoint.keys} for endpoint in crowd.inside)


def _hold_log(crowd: Crowd) -> tuple[dict[str, int], dict[int, set[int]]]:
    """Epoch of each KeyID, and source ids that hold each epoch; on the way, that each epoch names exactly who was present."""
    key_ids: dict[str, int] = {}
    holders: dict[int, set[int]] = {}
    present: set[int] = set()
    gone: set[int] = set()
    for entry in entries_of(crowd):
        details = entry["details"]
        if entry["event"] == "epoch.opened":
            held = set(details["holders"])
            present |= held
            assert held == present, json.dumps(entry)
            assert not held & gone, json.dumps(entry)
            key_ids[details["key_id"]], holders[details["epoch"]] = details["epoch"], held
        elif entry["event"] == "epoch.shared":
            present |= set(details["holders"])
            holders[details["epoch"]] |= set(details["holders"])
        elif entry["event"] == "endpoint.left":
            present -= {details["source_id"]}
            gone |= {details["source_id"]}
    return key_ids, holders
