"""Release notes: what is no note, and what the key did not sign."""

import base64
import tomllib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from config.env import ROOT
from endpoint_release import RELEASE
from endpoint_release.errors import ManifestWrong, NoteWrong
from endpoint_release.manifest import digest, parse
from endpoint_release.note import ReleaseKey, open_note, parse_note, read_key, sign_note

PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEY = ReleaseKey("example.org/release", PRIVATE.public_key().public_bytes_raw())
GOOD = sign_note(version="1.2", digest=digest(b"manifest"), name=KEY.name, key=PRIVATE)


def test_a_note_says_what_was_signed() -> None:
    opened = open_note(GOOD, KEY)
    assert (opened.version, opened.digest, opened.signers) == ("1.2", digest(b"manifest"), (KEY.name,))


def test_a_key_survives_its_text_form() -> None:
    assert read_key(KEY.text) == KEY


@pytest.mark.parametrize(
    "text",
    ["", "name", "name+00000000+AQ==", KEY.text.replace("example", "exbmple"), KEY.text[:-4] + "AAA=", "a b+" + KEY.text],
)
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(NoteWrong):
        read_key(text)


@pytest.mark.parametrize(
    "note",
    [
        GOOD.replace("1.2", "1.3"),
        GOOD.replace(KEY.name, "example.org/other"),
        GOOD.split("\n\n")[0] + "\n\n",
        GOOD.replace("\N{EM DASH}", "-"),
        GOOD[:-4] + "!!!\n",
        sign_note(version="1.2", digest=digest(b"manifest"), name=KEY.name, key=Ed25519PrivateKey.generate()),
        GOOD.replace("conclave endpoint release", "another log"),
    ],
)
def test_what_the_key_did_not_sign_is_refused(note: str) -> None:
    with pytest.raises(NoteWrong):
        open_note(note, KEY)


def test_a_second_signature_does_not_disturb() -> None:
    other = sign_note(version="1.2", digest=digest(b"manifest"), name="someone", key=Ed25519PrivateKey.generate())
    assert open_note(GOOD + other.split("\n\n")[1], KEY).signers == (KEY.name, "someone")


@pytest.mark.parametrize("text", ["x" * 20_000, "conclave endpoint release\n1\n" + base64.b64encode(b"short").decode() + "\n\n"])
def test_what_is_no_note_is_not_read(text: str) -> None:
    with pytest.raises(NoteWrong):
        parse_note(text)


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b"\xff", b"[" * 100_000, b" " * 2_000_000, b'{"format":2,"version":"1"}'])
def test_what_is_no_manifest_is_refused(data: bytes) -> None:
    with pytest.raises(ManifestWrong):
        parse(data)


def test_the_release_is_that_of_the_project() -> None:
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == RELEASE
