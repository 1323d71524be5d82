"""Signed statements and the chain: what verifies, what does not, and what an endpoint can rebuild from deltas."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from protocol import base64url
from roster.errors import StatementInvalid
from roster.signing import statement
from roster.signing.chain import EMPTY_HEAD, Entry, Position, delta_members, head_after
from roster.signing.statement import sign, verify
from roster.signing.verification_code import verification_code

KEY = Ed25519PrivateKey.from_private_bytes(b"\x07" * 32)
ADA = Entry(7, b"\x01" * 32, "Ada", "ada@weaver.example", "pwd", "initiator", "person", 1, "Ada")
AT = Position("C" * 22, 1, EMPTY_HEAD, 1, 1, 1000)


def delta() -> statement.Statement:
    return sign(delta_members(at=AT, cause="join", joined=[ADA], left=[]), label=statement.ROSTER, key=KEY)


def test_a_delta_verifies_and_keeps_the_order_of_its_members():
    members = verify(delta().as_message(), label=statement.ROSTER, key=KEY.public_key())
    assert list(members) == [
        "kind", "conference", "number", "previous", "epoch", "spi", "issued_at", "expires_at", "cause", "joined", "left",
    ]  # fmt: skip
    assert members["expires_at"] - members["issued_at"] == 15


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda m: {**m, "body": base64url.encode(b"{}")}, id="another body"),
        pytest.param(lambda m: {**m, "signature": base64url.encode(bytes(64))}, id="another signature"),
        pytest.param(lambda m: {"body": m["body"]}, id="no signature"),
        pytest.param(lambda m: {**m, "signature": m["signature"] + "="}, id="padded"),
    ],
)
def test_a_spoiled_statement_is_refused(spoil):
    with pytest.raises(StatementInvalid):
        verify(spoil(delta().as_message()), label=statement.ROSTER, key=KEY.public_key())


def test_a_label_cannot_stand_for_another():
    with pytest.raises(StatementInvalid):
        verify(delta().as_message(), label=statement.CURRENT, key=KEY.public_key())


def test_the_chain_binds_each_delta_to_its_predecessor():
    first = delta()
    second = delta_members(
        at=Position("C" * 22, 2, head_after(first.body), 2, 2, 1001), cause="leave", joined=[], left=[(7, "left")]
    )
    assert second["previous"] == base64url.encode(head_after(first.body))
    assert json.loads(first.body)["previous"] == base64url.encode(bytes(32))


def test_the_verification_code_is_thirty_digits_and_changes_with_each_part():
    parts = {"head": b"\x01" * 32, "spi": 3, "endpoints": [(9, b"\x02" * 32), (4, b"\x03" * 32)]}
    code = verification_code(**parts)
    assert len(code) == 30
    assert code.isdigit()
    assert code == verification_code(**{**parts, "endpoints": list(reversed(parts["endpoints"]))})
    others = [
        verification_code(**{**parts, "head": b"\x04" * 32}),
        verification_code(**{**parts, "spi": 4}),
        verification_code(**{**parts, "endpoints": parts["endpoints"][:1]}),
    ]
    assert len({code, *others}) == 4
