"""The endpoint's roster chain in real Chromium, against statements that the KMF's own code signed."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from playwright.sync_api import Browser, Page

from protocol import base64url
from roster.signing import statement
from roster.signing.chain import EMPTY_HEAD, Entry, Position, current_members, delta_members, head_after, snapshot_members
from roster.signing.statement import sign
from roster.signing.verification_code import verification_code
from tests.browser.module_server import module_page

pytestmark = pytest.mark.browser

KEY = Ed25519PrivateKey.from_private_bytes(b"\x07" * 32)
FOREIGN_KEY = Ed25519PrivateKey.from_private_bytes(b"\x08" * 32)
CONFERENCE = "C" * 22
NOW = 1_800_000_000
ADA = Entry(7, b"\x01" * 32, "Ada", "ada@weaver.example", "pwd", "initiator", "person", NOW - 60, "Ada")
BEN = Entry(4_000_000_000, b"\x02" * 32, "Ben", "ben@weaver.example", "pwd", "participant", "person", NOW, "Ada")
AT = Position(CONFERENCE, 5, b"\x05" * 32, 3, 3, NOW)
NEXT = replace(AT, number=6, epoch=4, spi=4)  # head: the one before

RUN = """async ({ key, conference, now, steps }) => {
  const { RosterChain } = await import("/worker/roster/chain.js");
  const { importStatementKey } = await import("/worker/roster/statement.js");
  const { verificationCode } = await import("/worker/roster/verification_code.js");
  const chain = new RosterChain({ key: await importStatementKey(key), conference, nowS: () => now });
  const does = { snapshot: "applySnapshot", delta: "applyDelta", current: "checkCurrent", policy: "verifyPolicy" };
  const outcomes = [];
  for (const [kind, message] of steps) {
    outcomes.push(await chain[does[kind]](message).then(() => "ok", (error) => error.code ?? String(error)));
  }
  const entries = [...chain.entries.values()];
  const code = chain.number ? await verificationCode({ head: chain.head, spi: chain.epoch % 65536, entries }) : [];
  const names = entries.map((entry) => entry.name);
  return { outcomes, number: chain.number, epoch: chain.epoch, head: chain.head, names, code };
}"""
Step = tuple[str, dict[str, Any]]


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    with module_page(browser) as shown:
        yield shown


def run(page: Page, *steps: Step) -> dict[str, Any]:
    public = base64url.encode(KEY.public_key().public_bytes_raw())
    question = {"key": public, "conference": CONFERENCE, "now": NOW, "steps": [list(step) for step in steps]}
    return page.evaluate(RUN, question)


def snapshot(at: Position = AT, *entries: Entry, key: Ed25519PrivateKey = KEY, label: bytes = statement.ROSTER) -> Step:
    return "snapshot", sign(snapshot_members(at=at, endpoints=list(entries or (ADA,))), label=label, key=key).as_message()


def delta(at: Position = NEXT, *, joined: tuple[Entry, ...] = (BEN,), left: tuple[tuple[int, str], ...] = (), **how: Any) -> Step:
    return "delta", signed_delta(at, joined, left, **how).as_message()


def signed_delta(
    at: Position,
    joined: tuple[Entry, ...],
    left: tuple[tuple[int, str], ...],
    *,
    key: Ed25519PrivateKey = KEY,
    label: bytes = statement.ROSTER,
) -> statement.Statement:
    return sign(delta_members(at=at, cause="join", joined=list(joined), left=list(left)), label=label, key=key)


def current(at: Position = AT, *, key: Ed25519PrivateKey = KEY, label: bytes = statement.CURRENT) -> Step:
    return "current", sign(current_members(at=at), label=label, key=key).as_message()


def test_snapshot_delta_and_current_follow_each_other_and_give_the_kmfs_code(page: Page) -> None:
    head = head_after(signed_delta(NEXT, (BEN,), ()).body)
    after = run(page, snapshot(), current(), delta(), current(replace(NEXT, head=head)))
    assert after["outcomes"] == ["ok"] * 4
    assert (after["number"], after["epoch"], after["head"]) == (6, 4, base64url.encode(head))
    assert after["names"] == ["Ada", "Ben"]
    endpoints = [(entry.source_id, entry.identity_key) for entry in (BEN, ADA)]
    assert "".join(after["code"]) == verification_code(head=head, spi=4, endpoints=endpoints)
    assert [len(group) for group in after["code"]] == [5] * 6


def test_a_leave_takes_the_entry_out(page: Page) -> None:
    after = run(page, snapshot(AT, ADA, BEN), delta(joined=(), left=((BEN.source_id, "left"),)))
    assert after["outcomes"] == ["ok", "ok"]
    assert after["names"] == ["Ada"]


@pytest.mark.parametrize(
    ("back", "outcome"), [(BEN, "ok"), (replace(BEN, name="Ada"), "fork"), (replace(BEN, role="initiator"), "fork")]
)
def test_who_comes_back_under_his_source_id_is_who_he_was(page: Page, back: Entry, outcome: str) -> None:
    head = head_after(signed_delta(NEXT, (), ((BEN.source_id, "left"),)).body)
    gone = delta(joined=(), left=((BEN.source_id, "left"),))
    after = run(page, snapshot(AT, ADA, BEN), gone, delta(replace(NEXT, number=7, head=head), joined=(back,)))
    assert after["outcomes"] == ["ok", "ok", outcome]
    assert after["names"] == (["Ada", "Ben"] if outcome == "ok" else ["Ada"])
    assert after["number"] == (7 if outcome == "ok" else 6)


def test_an_old_delta_is_a_fact_all_the_same(page: Page) -> None:
    after = run(page, snapshot(), delta(replace(NEXT, now=NOW - 600)))
    assert after["outcomes"] == ["ok", "ok"]


REFUSED = [
    pytest.param(snapshot(key=FOREIGN_KEY), "statement_invalid", id="snapshot under another key"),
    pytest.param(snapshot(label=statement.CURRENT), "statement_invalid", id="snapshot under the label of current"),
    pytest.param(snapshot(replace(AT, conference_id="D" * 22)), "statement_invalid", id="snapshot of another conference"),
    pytest.param(snapshot(replace(AT, now=NOW - 21)), "statement_expired", id="snapshot of the past"),
    pytest.param(snapshot(replace(AT, now=NOW + 6)), "statement_expired", id="snapshot of the future"),
    pytest.param(snapshot(replace(AT, number=4)), "rolled_back", id="snapshot with a lower number"),
    pytest.param(snapshot(replace(AT, number=6, epoch=2, spi=2)), "rolled_back", id="snapshot with an earlier epoch"),
    pytest.param(snapshot(replace(AT, head=b"\x06" * 32)), "fork", id="snapshot with the same number and another head"),
    pytest.param(
        snapshot(replace(AT, number=7), replace(ADA, identity_key=b"\x09" * 32)),
        "fork",
        id="snapshot with another key of a source",
    ),
    pytest.param(snapshot(AT, ADA, BEN), "fork", id="snapshot with the same number and somebody more"),
    pytest.param(snapshot(AT, BEN), "fork", id="snapshot with the same number and somebody else"),
    pytest.param(snapshot(AT, replace(ADA, since=NOW)), "fork", id="snapshot with the same number and another time"),
    pytest.param(snapshot(replace(AT, epoch=4, spi=4)), "fork", id="snapshot with the same number and another epoch"),
    *(
        pytest.param(snapshot(replace(AT, number=7), replace(ADA, **{member: "x"})), "fork", id=f"snapshot with another {member}")
        for member in ("name", "identity", "verified_by", "role", "kind", "invited_by")
    ),
    pytest.param(snapshot(replace(AT, number=7), ADA, ADA), "statement_invalid", id="snapshot that names a source twice"),
    pytest.param(snapshot(replace(AT, spi=9)), "statement_invalid", id="SPI that is not the epoch's"),
    pytest.param(snapshot(replace(AT, number=7), replace(ADA, source_id=0)), "statement_invalid", id="source id 0"),
    pytest.param(
        snapshot(replace(AT, number=7), replace(ADA, identity_key=b"\x01" * 31)),
        "statement_invalid",
        id="identity key of 31 bytes",
    ),
    pytest.param(delta(key=FOREIGN_KEY), "statement_invalid", id="delta under another key"),
    pytest.param(delta(label=statement.POLICY), "statement_invalid", id="delta under the label of policy"),
    pytest.param(delta(replace(NEXT, conference_id="D" * 22)), "statement_invalid", id="delta of another conference"),
    pytest.param(delta(replace(NEXT, number=5)), "rolled_back", id="delta that is known"),
    pytest.param(delta(replace(NEXT, number=7)), "gap", id="delta after one that is missing"),
    pytest.param(delta(replace(NEXT, head=EMPTY_HEAD)), "fork", id="delta on another head"),
    pytest.param(delta(replace(NEXT, epoch=2, spi=2)), "fork", id="delta with an earlier epoch"),
    pytest.param(delta(joined=(ADA,)), "fork", id="delta that lets somebody in twice"),
    pytest.param(delta(joined=(), left=((99, "left"),)), "fork", id="delta that lets a stranger leave"),
    pytest.param(("delta", snapshot()[1]), "statement_invalid", id="snapshot in place of a delta"),
    pytest.param(("snapshot", delta()[1]), "statement_invalid", id="delta in place of a snapshot"),
    pytest.param(current(key=FOREIGN_KEY), "statement_invalid", id="current under another key"),
    pytest.param(current(label=statement.ROSTER), "statement_invalid", id="current under the label of the roster"),
    pytest.param(current(replace(AT, now=NOW - 21)), "statement_expired", id="current of the past"),
    pytest.param(current(replace(AT, number=4)), "rolled_back", id="current with a lower number"),
    pytest.param(current(replace(AT, number=6)), "gap", id="current with a higher number"),
    pytest.param(current(replace(AT, head=EMPTY_HEAD)), "fork", id="current with another head"),
    pytest.param(current(replace(AT, epoch=4, spi=4)), "fork", id="current with another epoch"),
    pytest.param(("current", {"body": "", "signature": ""}), "statement_invalid", id="empty statement"),
    pytest.param(("current", {"body": current()[1]["body"]}), "statement_invalid", id="no signature"),
    pytest.param(("policy", snapshot()[1]), "statement_invalid", id="roster in place of the policy"),
]


@pytest.mark.parametrize(("step", "code"), REFUSED)
def test_what_does_not_fit_is_refused_and_changes_nothing(page: Page, step: Step, code: str) -> None:
    before = run(page, snapshot())
    after = run(page, snapshot(), step)
    assert after["outcomes"] == ["ok", code]
    assert {**after, "outcomes": None} == {**before, "outcomes": None}
