"""Files of keys belong to whoever must read them, and a dropped key has no other name."""

import os
import threading
from datetime import date

import pytest

from kmf.errors import KMFError, KMFUnavailable
from kmf.services.day_keys import day_key, drop_day_keys
from kmf.services.root_keys.rotation import rotate_root
from kmf.services.root_keys.specification import make_root

DAY = date(2026, 11, 23)


@pytest.mark.django_db
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_rotation_by_root_leaves_the_files_with_their_owner(day_keys, root_file, settings, tmp_path, now):
    settings.KMF_ROOT = root_file("one.key")
    day_keys.mkdir()
    for directory in (day_keys, tmp_path):
        os.chown(directory, 12345, 12346)
    day_key(DAY, create=True)
    rotate_root(to=root_file("two.key"), now=now, progress=lambda *_: None)
    made = [*day_keys.iterdir(), tmp_path / "two.key"]
    assert {path.name for path in made} == {"lock", "roots.json", "2026-11-23.key", "two.key"}
    assert {(path.stat().st_uid, path.stat().st_gid, path.stat().st_mode & 0o777) for path in made} == {(12345, 12346, 0o600)}


def test_what_a_killed_writer_left_does_not_outlive_the_day(day_keys, root_file, settings):
    settings.KMF_ROOT = root_file("one.key")
    day_key(DAY, create=True)
    os.link(day_keys / "2026-11-23.key", day_keys / "tmpleft")  # killed between the link and the end of the draft
    drop_day_keys([DAY])
    assert [path.name for path in day_keys.iterdir()] == ["lock"]
    with pytest.raises(KMFUnavailable):
        day_key(DAY)


@pytest.mark.django_db
def test_who_reads_while_a_rotation_ends_reads_again(day_keys, root_file, settings, now, tmp_path):
    settings.KMF_ROOT = root_file("root-0.key")
    before = day_key(DAY, create=True)
    stop, failed = threading.Event(), []

    def read():
        while not stop.is_set():
            try:
                assert day_key(DAY) == before
            except KMFError as error:
                failed.append(error)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for number in range(1, 25):
        place = f"file:{tmp_path}/root-{number}.key"
        make_root(place)
        rotate_root(to=place, now=now, progress=lambda *_: None)
    stop.set()
    for reader in readers:
        reader.join()
    assert failed == []
