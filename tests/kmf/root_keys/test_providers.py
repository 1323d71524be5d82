"""Every provider seals and opens day keys, names itself, and says which way it fails."""

import base64
import os
import secrets

import pytest

from config.env import Environment
from kmf.crypto.seal import new_key
from kmf.errors import RootKeyAway, RootKeyWrong
from kmf.services.root_keys.specification import make_root, open_root

pytestmark = pytest.mark.requirement("KMF-SEAL-1")


@pytest.fixture(params=["file", "environment", "pkcs11"])
def place(request, root_file, monkeypatch, settings):
    if request.param == "file":
        return root_file("root.key")
    if request.param == "pkcs11":
        place = request.getfixturevalue("token").place()
        make_root(place)
        return place
    monkeypatch.setenv("CONCLAVE_ROOT_KEY_TEST", base64.b64encode(secrets.token_bytes(32)).decode())
    settings.KMF_ROOT_VALUE = Environment("trusted").taken("CONCLAVE_ROOT_KEY")
    return "environment:CONCLAVE_ROOT_KEY_TEST"


def test_what_is_sealed_opens_for_the_same_data_only(place):
    root, key = open_root(place), new_key()
    sealed = root.seal_day_key(key, data=b"2026-11-23")
    assert key.expose() not in sealed
    assert root.seal_day_key(key, data=b"2026-11-23") != sealed
    assert open_root(place).unseal_day_key(sealed, data=b"2026-11-23") == key
    for other, data in ((sealed, b"2026-11-24"), (sealed[:-1] + bytes([sealed[-1] ^ 1]), b"2026-11-23"), (b"", b"")):
        with pytest.raises(RootKeyWrong):
            root.unseal_day_key(other, data=data)
    assert root.unseal_day_key(sealed, data=b"2026-11-23") == key  # a refusal breaks nothing


def test_it_has_one_name_and_it_is_22_characters(place):
    assert open_root(place).id == open_root(place).id
    assert len(open_root(place).id) == 22


def test_the_environment_forgets_the_root_key(monkeypatch, settings):
    monkeypatch.setenv("CONCLAVE_ROOT_KEY_TEST", "secret")
    read = Environment("trusted").taken("CONCLAVE_ROOT_KEY")
    assert "CONCLAVE_ROOT_KEY_TEST" not in os.environ
    assert read("CONCLAVE_ROOT_KEY_TEST") == "secret"
    assert "secret" not in repr(read)


@pytest.mark.parametrize(
    "place",
    [
        "",
        "file:",
        "http:root",
        "environment:PATH",
        "environment:CONCLAVE_ROOT_KEY_NONE",
        "file:not/there",
        "pkcs11:token=conclave",
    ],
)
def test_a_place_that_is_none_is_away(place):
    with pytest.raises(RootKeyAway):
        open_root(place)


def test_a_root_key_file_is_never_overwritten(root_file, tmp_path):
    place = root_file("root.key")
    before = (tmp_path / "root.key").read_bytes()
    with pytest.raises(FileExistsError):
        make_root(place)
    assert (tmp_path / "root.key").read_bytes() == before
    assert (tmp_path / "root.key").stat().st_mode & 0o077 == 0
