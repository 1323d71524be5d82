"""Key bytes cannot be printed, stored or shipped by accident."""

import copy
import json
import pickle

import pytest

from kmf.crypto.secret_bytes import SecretBytes

SECRET = b"\x01" * 32


def test_repr_and_str_show_no_byte():
    assert repr(SecretBytes(SECRET)) == str(SecretBytes(SECRET)) == "SecretBytes(…)"


@pytest.mark.parametrize("carry", [pickle.dumps, copy.copy, copy.deepcopy, json.dumps, hash])
def test_cannot_be_carried(carry):
    with pytest.raises((TypeError, AttributeError)):
        carry(SecretBytes(SECRET))


def test_compares_by_value():
    assert SecretBytes(SECRET) == SecretBytes(SECRET)
    assert SecretBytes(SECRET) != SecretBytes(b"\x02" * 32)
    assert SecretBytes(SECRET) != SECRET


def test_cannot_be_changed():
    secret = SecretBytes(SECRET)
    with pytest.raises(AttributeError):
        secret._value = b""
    assert secret.expose() == SECRET
