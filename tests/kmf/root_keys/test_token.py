"""A root key in a PKCS#11 token (SoftHSM2): it stays there, and a lost session or token comes back by itself."""

import importlib
import os
import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest

from kmf.crypto.seal import new_key
from kmf.errors import RootKeyAway, RootKeyWrong
from kmf.services.root_keys import token as token_module
from kmf.services.root_keys.specification import make_root, open_root
from tests.kmf.root_keys.conftest import SOFTHSM

pytestmark = pytest.mark.requirement("KMF-SEAL-4")


@pytest.fixture
def root(token):
    return make_root(token.place())


@pytest.fixture
def sealed(root):
    return root.seal_day_key(new_key(), data=b"day")


def begin_library_anew():
    """What happens when a token is pulled and put back: every session and object handle is void."""
    importlib.import_module("pkcs11").lib(str(SOFTHSM)).reinitialize()


def test_the_key_cannot_leave_the_token(root, sealed, token):
    pkcs11 = importlib.import_module("pkcs11")
    library = pkcs11.lib(str(SOFTHSM))
    library.reinitialize()
    with library.get_token(token_label="conclave").open(user_pin="4711") as session:
        key = session.get_key(label="root")
        assert key[pkcs11.Attribute.EXTRACTABLE] is False
        assert key[pkcs11.Attribute.NEVER_EXTRACTABLE] is True
        with pytest.raises(pkcs11.AttributeSensitive):
            _ = key[pkcs11.Attribute.VALUE]


def test_a_lost_session_is_opened_anew(root, sealed):
    begin_library_anew()
    assert len(root.unseal_day_key(sealed, data=b"day")) == 32


def test_a_token_that_is_away_is_away_and_comes_back(root, sealed, token, tmp_path):
    shutil.move(token.directory, tmp_path / "pulled")
    token.directory.mkdir()
    begin_library_anew()
    with pytest.raises(RootKeyAway):
        root.unseal_day_key(sealed, data=b"day")
    with pytest.raises(RootKeyAway):
        root.seal_day_key(new_key(), data=b"day")
    shutil.rmtree(token.directory)
    shutil.move(tmp_path / "pulled", token.directory)
    assert len(root.unseal_day_key(sealed, data=b"day")) == 32


@pytest.mark.parametrize("pin", [None, "0000"], ids=["no PIN file", "wrong PIN"])
def test_without_the_pin_nothing_opens(token, pin):
    make_root(token.place())
    right = token.pin_file.read_text()
    token.pin_file.unlink()
    if pin is not None:
        token.pin_file.write_text(pin)
    root = open_root(token.place())
    begin_library_anew()
    with pytest.raises(RootKeyAway):
        root.seal_day_key(new_key(), data=b"day")
    token.pin_file.write_text(right)
    assert root.seal_day_key(new_key(), data=b"day")


def test_a_refused_pin_is_tried_once(token):
    """Tokens lock themselves after a few wrong ones, and the KMF asks many times a second."""
    root = make_root(token.place())
    right = token.pin_file.read_text()
    token.pin_file.write_text("0000")
    begin_library_anew()
    with pytest.raises(RootKeyAway, match="refuses the PIN"):
        root.seal_day_key(new_key(), data=b"day")
    begun = token_module._beginnings[0]
    for _ in range(20):
        with pytest.raises(RootKeyAway, match="refuses the PIN"):
            root.seal_day_key(new_key(), data=b"day")
    assert token_module._beginnings[0] == begun
    token.pin_file.write_text(right)
    assert root.seal_day_key(new_key(), data=b"day")


def test_another_key_of_the_token_opens_nothing(sealed, token):
    other = make_root(token.place("other"))
    with pytest.raises(RootKeyWrong):
        other.unseal_day_key(sealed, data=b"day")
    with pytest.raises(RootKeyAway):
        open_root(token.place("none")).unseal_day_key(sealed, data=b"day")
    with pytest.raises(FileExistsError):
        make_root(token.place())
    assert len(open_root(token.place()).unseal_day_key(sealed, data=b"day")) == 32


def test_a_forked_process_opens_its_own_session(root, sealed):
    """Celery's workers fork after the settings were read."""
    child = os.fork()
    if child == 0:
        try:
            os._exit(len(root.unseal_day_key(sealed, data=b"day")))
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 32
    assert len(root.unseal_day_key(sealed, data=b"day")) == 32


def test_a_handle_of_before_never_means_another_key(root, token):
    """The library gives the same numbers out again: without care the one root key would seal in the other's name."""
    other = make_root(token.place("other"))
    for first, second in ((root, other), (other, root)):
        first.seal_day_key(new_key(), data=b"day")
        second.seal_day_key(new_key(), data=b"day")
        sealed = first.seal_day_key(new_key(), data=b"day")
        with pytest.raises(RootKeyWrong):
            second.unseal_day_key(sealed, data=b"day")
        assert len(first.unseal_day_key(sealed, data=b"day")) == 32


def test_many_threads_share_the_session(root, token):
    other = make_root(token.place("other"))

    def work(number):
        one = (root, other)[number % 2]
        key = new_key()
        return one.unseal_day_key(one.seal_day_key(key, data=b"day"), data=b"day") == key

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(64)))
