"""Checkpoints are C2SP signed notes: the published example opens, and nothing that was altered does."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from conferences.audit.checkpoint import LogKey, open_checkpoint, read_log_key, sign_checkpoint
from conferences.errors import AuditCheckpointWrong

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
LOG = LogKey("core.example/audit", KEY.public_key().public_bytes_raw())
NOTE = sign_checkpoint(origin=LOG.name, size=7, root=b"r" * 32, key=KEY)


def test_a_checkpoint_opens_with_the_key_in_its_text_form():
    opened = open_checkpoint(NOTE, read_log_key(LOG.text))
    assert (opened.origin, opened.size, opened.root) == (LOG.name, 7, b"r" * 32)
    assert NOTE.split("\n")[:2] == ["core.example/audit", "7"]
    assert NOTE.split("\n")[4].startswith("\N{EM DASH} core.example/audit ")


def test_a_witness_may_add_its_line():
    other = sign_checkpoint(origin="witness.example", size=7, root=b"r" * 32, key=Ed25519PrivateKey.generate()).splitlines()[-1]
    assert open_checkpoint(NOTE + other + "\n", LOG).size == 7


@pytest.mark.parametrize(
    "alter",
    [
        lambda note: note.replace("\n7\n", "\n8\n"),
        lambda note: note.replace("\n7\n", "\n07\n"),
        lambda note: note.replace("core", "Core"),
        lambda note: note.split("\n\n")[0],
        lambda note: note.split("\n\n")[0] + "\n\n",
        lambda note: note[:-9] + "AAAA" + note[-5:],
        lambda note: note + "x" * 20_000,
        lambda _: "",
    ],
    ids=["size", "size by another form", "origin", "no gap", "no signature", "signature", "too long", "empty"],
)
def test_an_altered_one_does_not(alter):
    with pytest.raises(AuditCheckpointWrong):
        open_checkpoint(alter(NOTE), LOG)


@pytest.mark.parametrize("text", ["", "a+b", "a+00000000+AAAA", LOG.text[:-4], LOG.text.replace("core", "c")])
def test_keys_of_no_form(text):
    with pytest.raises(AuditCheckpointWrong):
        read_log_key(text)


def test_another_key_of_the_same_name():
    other = LogKey(LOG.name, Ed25519PrivateKey.generate().public_key().public_bytes_raw())
    with pytest.raises(AuditCheckpointWrong):
        open_checkpoint(NOTE, other)
