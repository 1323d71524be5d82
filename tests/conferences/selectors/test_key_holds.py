"""Who could decrypt what, when: from the audit alone."""

from datetime import datetime, timedelta
from typing import Any

from conferences.selectors.audit_entries import ReadEntry
from conferences.selectors.key_holds import Hold, KeyHolds, holds_from_entries
from conferences.views.key_hold_chart import chart_of
from tests.conferences.conftest import NOW

A = {"source_id": 1, "identity": "ada@weaver.example", "name": "Ada"}
B = {"source_id": 2, "identity": "ben@weaver.example", "name": "Ben"}
B2 = {"source_id": 3, "identity": "ben@weaver.example", "name": "Ben"}


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def entry(event: str, seconds: float, **details: Any) -> ReadEntry:
    return ReadEntry(0, at(seconds), event, "system", details, "", "")


def opened(number: int, seconds: float, *holders: dict[str, Any]) -> ReadEntry:
    ids = [holder["source_id"] for holder in holders]
    return entry("epoch.opened", seconds, epoch=number, spi=number, key_id=f"k{number}", reason="join", holders=ids)


def released(seconds: float, epoch: int, holder: dict[str, Any]) -> ReadEntry:
    return entry("key.released", seconds, epoch=epoch, key_id=f"k{epoch}", jkt="j", **holder)


def holds(*entries: ReadEntry) -> KeyHolds:
    return holds_from_entries(entries)


def test_a_hold_lasts_as_long_as_its_epoch() -> None:
    found = holds(opened(1, 0, A), opened(2, 10, A, B), entry("endpoint.left", 20, **B, reason="lost"), opened(3, 21, A))
    ada, ben = found.endpoints
    assert ada.holds == [Hold(1, 3, at(0), None)]
    assert ben.holds == [Hold(2, 2, at(10), at(21))]  # not until he left: what was sent until 21 he could decrypt
    assert (ben.left_at, ben.left_reason) == (at(20), "lost")
    assert [span.closed_at for span in found.epochs] == [at(10), at(21), None]


def test_a_shared_epoch_opens_from_its_beginning() -> None:
    found = holds(
        opened(1, 0, A), entry("epoch.shared", 50, epoch=1, holders=[2]), entry("epoch.shared", 51, epoch=1, holders=[2])
    )
    assert found.endpoints[1].holds == [Hold(1, 1, at(0), None)]
    assert found.epochs[0].holder_count == 2


def test_coming_back_is_another_endpoint_and_a_gap_stays_a_gap() -> None:
    found = holds(opened(1, 0, A, B), opened(2, 10, A), opened(3, 20, A, B2))
    assert [endpoint.source_id for endpoint in found.endpoints] == [1, 2, 3]
    assert found.endpoints[2].holds == [Hold(3, 3, at(20), None)]
    again = holds(opened(1, 0, A, B), opened(2, 10, A), opened(3, 20, A, B))
    assert again.endpoints[1].holds == [Hold(1, 1, at(0), at(10)), Hold(3, 3, at(20), None)]


def test_revocation_and_destruction() -> None:
    found = holds(
        opened(1, 0, A), opened(2, 10, A), entry("epoch.revoked", 30, epoch=2, reason="ended"),
        entry("epoch.destroyed", 40, epochs=[1, 2]), opened(3, 60, A),
    )  # fmt: skip
    assert [span.destroyed_at for span in found.epochs] == [at(40), at(40), None]
    assert found.endpoints[0].holds == [Hold(1, 2, at(0), at(30)), Hold(3, 3, at(60), None)]


def test_names_deliveries_and_what_endpoints_said() -> None:
    found = holds(
        opened(1, 0, A), released(0, 1, A), entry("key.installed", 1, epoch=1, endpoints=[1]),
        opened(2, 5, A, B), released(5, 2, B), entry("key.delivered", 5, epoch=2, endpoints=[1]),
        entry("key.installed", 6, epoch=2, endpoints=[1, 2]), entry("key.deleted", 9, epochs=[1, 2], endpoints=[2]),
    )  # fmt: skip
    ada, ben = found.endpoints
    assert (ada.name, ada.identity, ben.name) == ("Ada", "ada@weaver.example", "Ben")
    assert (ada.delivered, ben.delivered) == ({1: at(0), 2: at(5)}, {2: at(5)})
    assert (ada.acknowledged, ben.acknowledged) == ({1: at(1), 2: at(6)}, {2: at(6)})
    assert (ada.deleted, ben.deleted) == ({}, {1: at(9), 2: at(9)})


def test_nothing_was_held() -> None:
    assert holds() == KeyHolds([], [])
    assert chart_of(holds(), zone="UTC", now=NOW) is None


def test_the_picture_is_to_scale() -> None:
    chart = chart_of(holds(opened(1, 0, A), opened(2, 25, A, B), entry("epoch.revoked", 100, epoch=2)), zone="UTC", now=at(500))
    assert chart is not None
    assert [(block.x, block.width) for block in chart.epochs] == [("0.00%", "25.00%"), ("25.00%", "75.00%")]
    assert [(block.x, block.width) for block in chart.rows[1].blocks] == [("25.00%", "75.00%")]
    assert chart.rows[0].text == "epochs 1\N{EN DASH}2: 12:00:00 to 12:01:40"
    assert chart.until_text == "12:01:40"


def test_the_picture_shows_what_was_delivered_acknowledged_and_deleted() -> None:
    found = holds(
        opened(1, 0, A), released(0, 1, A), entry("key.installed", 10, epoch=1, endpoints=[1]),
        entry("epoch.revoked", 100, epoch=1), entry("key.deleted", 101, epochs=[1], endpoints=[1]),
    )  # fmt: skip
    chart = chart_of(found, zone="UTC", now=at(500))
    assert chart is not None
    assert [(mark.kind, mark.x) for mark in chart.rows[0].marks] == [
        ("delivered", "0.00%"), ("acknowledged", "10.00%"), ("deleted", "100.00%"),
    ]  # fmt: skip
    assert chart.rows[0].marks[1].title == "Key of epoch 1 acknowledged, 12:00:10"


def test_a_clock_that_was_put_back_draws_nothing_outside_the_picture() -> None:
    chart = chart_of(holds(opened(1, 0, A), opened(2, 3600, A), opened(3, 10, A)), zone="UTC", now=at(100))
    assert chart is not None
    for block in [*chart.epochs, *chart.rows[0].blocks]:
        assert float(block.x[:-1]) + float(block.width[:-1]) <= 100
        assert float(block.width[:-1]) > 0
