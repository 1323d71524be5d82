"""What lies at rest opens only with every key above it, and for what it was sealed."""

from datetime import date, timedelta

import pytest

from kmf.crypto.seal import associated_data, new_key, seal, unseal
from kmf.errors import KMFUnavailable
from kmf.models import ConferenceKey, Epoch
from kmf.services.day_keys import day_key, drop_day_keys, droppable_days
from kmf.services.sealing import unseal_ekt_key


def test_a_sealed_value_is_bound_to_its_purpose():
    key, secret = new_key(), new_key()
    sealed = seal(key, secret, data=associated_data(purpose="EKT key", owner="c", epoch=1, key_id="k"))
    assert unseal(key, sealed, data=associated_data(purpose="EKT key", owner="c", epoch=1, key_id="k")) == secret
    for other in ({"purpose": "x"}, {"owner": "d"}, {"epoch": 2}, {"key_id": "l"}):
        fields = {"purpose": "EKT key", "owner": "c", "epoch": 1, "key_id": "k", **other}
        with pytest.raises(KMFUnavailable):
            unseal(key, sealed, data=associated_data(**fields))


def test_a_changed_byte_does_not_open():
    key = new_key()
    sealed = bytearray(seal(key, new_key(), data=b""))
    sealed[-1] ^= 1
    with pytest.raises(KMFUnavailable):
        unseal(key, bytes(sealed), data=b"")


@pytest.mark.django_db
def test_dropping_the_day_key_closes_a_copy_of_the_database(endpoint, now, settings, tmp_path):
    settings.KMF_DAY_KEYS_DIR = tmp_path / "day-keys"
    endpoint("ada").ask(now)
    epoch = Epoch.objects.get()
    assert len(unseal_ekt_key(epoch)) == 32
    tomorrow = now.date() + timedelta(days=1)
    assert droppable_days(keep={now.date()}, before=tomorrow) == []
    assert droppable_days(keep=set(), before=tomorrow) == [now.date()]
    drop_day_keys([now.date()])
    assert ConferenceKey.objects.exists()
    with pytest.raises(KMFUnavailable):
        unseal_ekt_key(epoch)


def test_a_day_has_one_key_and_it_is_not_readable_by_others(settings, tmp_path):
    settings.KMF_DAY_KEYS_DIR = tmp_path / "day-keys"
    first = day_key(date(2026, 11, 23), create=True)
    assert day_key(date(2026, 11, 23), create=True) == first
    file = tmp_path / "day-keys" / "2026-11-23.key"
    assert file.stat().st_mode & 0o077 == 0
    assert first.expose() not in file.read_bytes()
