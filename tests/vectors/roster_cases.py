"""Histories of statements, good and bad, written without the KMF's code: bodies are spelled out here byte for byte."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.twin import base64url

CONFERENCE = "C" * 22
NOW = 1_800_000_000
LABELS = {"policy": "policy", "snapshot": "roster", "delta": "roster", "current": "current"}
Step = dict[str, Any]
Members = dict[str, Any]


def _bytes(name: str) -> bytes:
    return hashlib.sha256(f"roster vectors: {name}".encode()).digest()


KEY = Ed25519PrivateKey.from_private_bytes(_bytes("statement key"))
FOREIGN_KEY = Ed25519PrivateKey.from_private_bytes(_bytes("foreign key"))


def b64u(data: bytes) -> str:
    return base64url.encode(data)


def entry(source_id: int, name: str, **changes: Any) -> Members:
    members = {
        "source_id": source_id, "identity_key": b64u(_bytes(f"identity {source_id}")), "name": name,
        "identity": f"{source_id}@weaver.example", "verified_by": "pwd", "role": "participant", "kind": "person",
        "since": NOW - 60, "invited_by": "Ada Weaver", "admitted_by": "", "admitted_at": 0,
    }  # fmt: skip
    return {**members, **changes}


ADA, BEN, ZOE = (
    entry(7, "Ada Weaver", role="initiator"),
    entry(4_294_967_295, 'Bén "Ö\'Kafor" \u2028\U0001f600'),
    entry(9, "Zoë\n\t\x01/"),
)


def place(number: int, epoch: int, at: int = NOW) -> Members:
    return {"number": number, "epoch": epoch, "spi": epoch % 65536, "issued_at": at, "expires_at": at + 15}


def body(kind: str, where: Members, link: tuple[str, bytes], **more: Any) -> Members:
    named = {"kind": kind, "conference": CONFERENCE, "number": where["number"], link[0]: b64u(link[1])}
    return {**named, **{name: where[name] for name in ("epoch", "spi", "issued_at", "expires_at")}, **more}


def snapshot(where: Members, head: bytes, *entries: Members) -> Members:
    return body("snapshot", where, ("head", head), endpoints=list(entries))


def delta(where: Members, previous: bytes, joined: list[Members], left: list[tuple[int, str]], cause: str = "join") -> Members:
    gone = [{"source_id": source_id, "reason": reason} for source_id, reason in left]
    return body("delta", where, ("previous", previous), cause=cause, joined=joined, left=gone)


def current(where: Members, head: bytes) -> Members:
    return body("current", where, ("head", head))


POLICY = {
    "kind": "policy", "conference": CONFERENCE, "title": "Quarterly figures", "on_join": "rekey", "past_access": "none",
    "suites": [5, 4], "ttl_s": 600, "rekey_s": 300, "ends_at": NOW + 3600,
    "admission": "invited", "locked": False,
}  # fmt: skip


def text(members: Members) -> bytes:
    return json.dumps(members, separators=(",", ":"), ensure_ascii=False).encode()


def step(
    members: Members | bytes, *, kind: str | None = None, label: str | None = None, at: int = NOW, key=KEY, **more: Any
) -> Step:
    raw = members if isinstance(members, bytes) else text(members)
    kind = kind or json.loads(raw)["kind"]
    signed = f"conclave/1 {label or LABELS[kind]}".encode() + raw
    return {"kind": kind, "at": at, "body": b64u(raw), "signature": b64u(key.sign(signed)), **more}


def head_of(members: Members) -> bytes:
    return hashlib.sha256(text(members)).digest()


START = _bytes("head 5")
FIRST = snapshot(place(5, 3), START, ADA)
SECOND = delta(place(6, 4), START, [BEN], [])
H6 = head_of(SECOND)
THIRD = delta(place(7, 5, NOW + 8), H6, [ZOE], [(BEN["source_id"], "left")], "leave")
H7 = head_of(THIRD)


def good() -> list[tuple[str, list[Step], str]]:
    """Name, steps, and the outcome of the last one; all before it hold."""
    steps = [step(POLICY), step(FIRST), step(current(place(5, 3), START))]
    back = delta(place(8, 5, NOW + 9), H7, [{**BEN, "since": NOW + 9}], [])
    wrap = snapshot(place(5, 65535), START, ADA)
    return [
        ("policy, snapshot and current", steps, "ok"),
        ("deltas one after the other", [*steps, step(SECOND), step(THIRD), step(current(place(7, 5), H7))], "ok"),
        ("a delta is a fact for ever", [*steps, step(SECOND, at=NOW + 9999)], "ok"),
        ("somebody comes back under his source id", [*steps, step(SECOND), step(THIRD), step(back)], "ok"),
        ("a snapshot after deltas that were missed", [*steps, step(snapshot(place(7, 5), H7, ADA, ZOE))], "ok"),
        ("the same snapshot twice", [step(FIRST), step(FIRST)], "ok"),
        ("the SPI begins again after 65535", [step(wrap), step(delta(place(6, 65536), START, [BEN], []))], "ok"),
        ("a clock that is 5 s off", [step(FIRST, at=NOW + 20), step(current(place(5, 3), START), at=NOW - 5)], "ok"),
        ("an empty roster", [step(snapshot(place(5, 3), START))], "ok"),
    ]


def spelled(change: Callable[[str], str], members: Members = SECOND) -> Step:
    """A statement that is signed with its body spelled in another way."""
    changed = change(text(members).decode())
    assert changed != text(members).decode()
    return step(changed.encode(), kind=members["kind"])


def spoiled(taken: Step, **changes: str) -> Step:
    return {**taken, **changes}


def after_start() -> list[tuple[str, Step, str]]:
    """Name, what is shown after the first snapshot, and its outcome."""
    standing, here = current(place(5, 3), START), place(5, 3)
    return [
        ("wrong signature", spoiled(step(SECOND), signature=b64u(bytes(64))), "statement_invalid"),
        ("signature of another statement", spoiled(step(SECOND), signature=step(standing)["signature"]), "statement_invalid"),
        ("a foreign key", step(SECOND, key=FOREIGN_KEY), "statement_invalid"),
        ("a delta under the label of current", step(SECOND, label="current"), "statement_invalid"),
        ("a current under the label of the roster", step(standing, label="roster"), "statement_invalid"),
        ("a policy under the label of the roster", step(POLICY, label="roster"), "statement_invalid"),
        ("a snapshot in place of a delta", step(FIRST, kind="delta", label="roster"), "statement_invalid"),
        ("a delta in place of a snapshot", step(SECOND, kind="snapshot", label="roster"), "statement_invalid"),
        ("a gap", step(THIRD), "gap"),
        ("a current of a delta that is missing", step(current(place(6, 4), H6)), "gap"),
        ("a fork: another head before", step(delta(place(6, 4), bytes(32), [BEN], [])), "fork"),
        ("a fork: an earlier epoch", step(delta(place(6, 2), START, [BEN], [])), "fork"),
        ("a fork: somebody joins twice", step(delta(place(6, 4), START, [ADA], [])), "fork"),
        ("a fork: a stranger leaves", step(delta(place(6, 4), START, [], [(99, "left")])), "fork"),
        ("a fork: a source leaves twice", step(delta(place(6, 4), START, [], [(7, "left"), (7, "left")])), "fork"),
        ("a fork: a source joins twice in one delta", step(delta(place(6, 4), START, [BEN, BEN], [])), "fork"),
        ("a fork: the same number, another head", step(current(here, bytes(32))), "fork"),
        ("a fork: the same number, another epoch", step(current(place(5, 4), START)), "fork"),
        ("a fork: the same number, another roster", step(snapshot(here, START, ADA, BEN)), "fork"),
        ("a fork: a source with another key", step(snapshot(place(7, 5), H7, entry(7, "Ada Weaver"))), "fork"),
        ("a delta that is known", step(delta(place(5, 3), bytes(32), [BEN], [])), "rolled_back"),
        ("a current of before", step(current(place(4, 3), bytes(32))), "rolled_back"),
        ("a snapshot of before", step(snapshot(place(4, 3), bytes(32), ADA)), "rolled_back"),
        ("a replayed current", step(standing, at=NOW + 21), "statement_expired"),
        ("a current of the future", step(standing, at=NOW - 6), "statement_expired"),
        ("a snapshot of the past", step(FIRST, at=NOW + 21), "statement_expired"),
        ("a foreign conference", step({**SECOND, "conference": "D" * 22}), "statement_invalid"),
        ("a duplicate source id in a snapshot", step(snapshot(place(7, 5), H7, ADA, ADA)), "statement_invalid"),
        ("source id 0", step(delta(place(6, 4), START, [{**BEN, "source_id": 0}], [])), "statement_invalid"),
        ("source id of 33 bits", step(delta(place(6, 4), START, [{**BEN, "source_id": 2**32}], [])), "statement_invalid"),
        ("source id as text", step(delta(place(6, 4), START, [{**BEN, "source_id": "9"}], [])), "statement_invalid"),
        ("source id as true", step(delta(place(6, 4), START, [{**BEN, "source_id": True}], [])), "statement_invalid"),
        ("an SPI that is not the epoch's", step({**SECOND, "spi": 5}), "statement_invalid"),
        ("number 0", step({**FIRST, "number": 0}), "statement_invalid"),
        ("a number over 2^53", step({**SECOND, "number": 2**53 + 6}), "statement_invalid"),
        ("an identity key of 31 bytes", step(with_key(b64u(bytes(31)))), "statement_invalid"),
        ("non-canonical base64url in a key", step(with_key(loose(BEN["identity_key"]))), "statement_invalid"),
        ("non-canonical base64url in a head", step({**SECOND, "previous": loose(SECOND["previous"])}), "statement_invalid"),
        ("non-canonical base64url of the signature", loosened(step(SECOND), "signature"), "statement_invalid"),
        ("non-canonical base64url of the body", loosened(step(padded_to_loose()), "body"), "statement_invalid"),
        ("a padded body", spoiled(step(SECOND), body=step(SECOND)["body"] + "="), "statement_invalid"),
        ("an unknown member", step({**SECOND, "more": 1}), "statement_invalid"),
        ("a missing member", step({k: v for k, v in SECOND.items() if k != "cause"}), "statement_invalid"),
        ("an unknown member of an entry", step(delta(place(6, 4), START, [{**BEN, "more": 1}], [])), "statement_invalid"),
        ("an unknown member of the policy", step({**POLICY, "more": 1}), "statement_invalid"),
        ("members in another order", step(dict(reversed(SECOND.items()))), "statement_invalid"),
        ("a duplicate member", spelled(lambda t: t.replace('"epoch":4', '"epoch":9,"epoch":4')), "statement_invalid"),
        ("a duplicate member of an entry", spelled(lambda t: t.replace('"role":', '"role":"","role":')), "statement_invalid"),
        ("white space", spelled(lambda t: t.replace('"epoch":4', '"epoch": 4')), "statement_invalid"),
        ("a needless escape", spelled(lambda t: t.replace("join", "j\\u006fin")), "statement_invalid"),
        ("half a character", spelled(lambda t: t.replace('"join"', '"\\ud800"')), "statement_invalid"),
        ("a number as 4.0", spelled(lambda t: t.replace('"epoch":4', '"epoch":4.0')), "statement_invalid"),
        ("a byte order mark", spelled(lambda t: "\ufeff" + t), "statement_invalid"),
        ("a body that is not UTF-8", step(text(SECOND).replace(b"join", b"\xff"), kind="delta"), "statement_invalid"),
        ("a body that is a list", step(b"[]", kind="delta"), "statement_invalid"),
        ("an unknown member beside the body", step(SECOND, more=1), "statement_invalid"),
    ]  # fmt: skip


def with_key(text_of_key: str) -> Members:
    return delta(place(6, 4), START, [{**BEN, "identity_key": text_of_key}], [])


def loose(canonical: str) -> str:
    """The same bytes with other last bits: 32 bytes leave two bits of the last character unused."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return canonical[:-1] + alphabet[alphabet.index(canonical[-1]) ^ 1]


def loosened(taken: Step, member: str) -> Step:
    return {**taken, member: loose(taken[member])}


def padded_to_loose() -> Members:
    """A delta whose body's base64url has unused bits."""
    for letters in range(3):
        members = delta(place(6, 4), START, [BEN], [], "j" + "o" * letters)
        if len(text(members)) % 3:
            return members
    raise AssertionError("unreachable")


def final(steps: list[Step]) -> Members | None:
    """What is held after steps that all hold, counted by hand: members, head and code."""
    entries: dict[int, Members] = {}
    number, epoch, head = 0, 0, b""
    for taken in steps:
        raw = base64url.decode(taken["body"])
        members = json.loads(raw)
        if taken["kind"] == "snapshot":
            entries = {item["source_id"]: item for item in members["endpoints"]}
            head = base64url.decode(members["head"])
        elif taken["kind"] == "delta":
            for item in members["left"]:
                del entries[item["source_id"]]
            entries |= {item["source_id"]: item for item in members["joined"]}
            head = hashlib.sha256(raw).digest()
        else:
            continue
        number, epoch = members["number"], members["epoch"]
    digest = hashlib.sha512(b"conclave/1 verification code" + head + (epoch % 65536).to_bytes(2, "big"))
    for source_id in sorted(entries):
        digest.update(source_id.to_bytes(4, "big") + base64url.decode(entries[source_id]["identity_key"]))
    groups = [int.from_bytes(digest.digest()[i : i + 5], "big") % 100000 for i in range(0, 30, 5)]
    code = "".join(f"{group:05d}" for group in groups)
    return {"number": number, "epoch": epoch, "head": b64u(head), "sources": sorted(entries), "code": code}


def cases() -> list[dict[str, Any]]:
    rows = [(name, steps, outcome) for name, steps, outcome in good()]
    rows += [(name, [step(FIRST), bad], outcome) for name, bad, outcome in after_start()]
    return [
        {
            "name": name,
            "key": b64u(KEY.public_key().public_bytes_raw()),
            "conference": CONFERENCE,
            "steps": steps,
            "expect": outcome,
            "held": final(steps if outcome == "ok" else steps[:-1]),
        }
        for name, steps, outcome in rows
    ]
