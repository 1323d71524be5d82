"""The release that a process serves: signed by its releaser, or plainly by nobody; never under a note of other code."""

import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.management import CommandError, call_command
from django.test import Client

from conferences.models import AuditEntry
from endpoint_release.manifest import digest
from endpoint_release.note import open_note, read_key, sign_note
from kmf.services.endpoint_release import EVENT, ReleaseMismatch, record_release, served_release, this_manifest

pytestmark = pytest.mark.requirement("RELEASE-1")
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _read_anew() -> Iterator[None]:
    served_release.cache_clear()
    yield
    served_release.cache_clear()


@pytest.fixture
def key(tmp_path: Path) -> tuple[Path, str]:
    """A release key's file, and its public half."""
    file, out = tmp_path / "release.pem", io.StringIO()
    call_command("release", "make-key", str(file), "--name", "example.org/release", stdout=out)
    return file, out.getvalue().strip()


@pytest.fixture
def note(key: tuple[Path, str], tmp_path: Path, settings: Any) -> Path:
    """This code's release note, where the site looks for it."""
    out = io.StringIO()
    call_command("release", "sign", "--key", str(key[0]), "--name", "example.org/release", stdout=out)
    path = tmp_path / "endpoint.note"
    path.write_text(out.getvalue())
    settings.ENDPOINT_RELEASE_NOTE = path
    return path


def test_a_releaser_signs_and_the_site_serves_his_note(key: tuple[Path, str], note: Path, settings: Any) -> None:
    settings.ENDPOINT_RELEASE_KEY = key[1]
    assert key[0].stat().st_mode & 0o777 == 0o600
    browser = Client(headers={"host": settings.ORIGINS.kmf.split("//")[1]})
    served = browser.get("/endpoint/manifest.note").content.decode()
    assert open_note(served, read_key(key[1])).digest == digest(browser.get("/endpoint/manifest.json").content)
    assert served_release().signed_by == "example.org/release"


def test_a_note_of_other_code_stops_the_process(note: Path) -> None:
    note.write_text(sign_note(version="0.1.0", digest=bytes(32), name="x", key=Ed25519PrivateKey.generate()))
    with pytest.raises(ReleaseMismatch, match="another release"):
        served_release()


def test_a_note_of_another_key_stops_the_process(key: tuple[Path, str], note: Path, settings: Any) -> None:
    settings.ENDPOINT_RELEASE_KEY = key[1]
    manifest = digest(this_manifest().encode())
    note.write_text(sign_note(version="0.1.0", digest=manifest, name="example.org/release", key=Ed25519PrivateKey.generate()))
    with pytest.raises(ReleaseMismatch, match="not signed by the key"):
        served_release()


def test_with_a_release_key_a_missing_note_stops_the_process(key: tuple[Path, str], settings: Any) -> None:
    settings.ENDPOINT_RELEASE_KEY = key[1]
    with pytest.raises(ReleaseMismatch, match="is missing"):
        served_release()


def test_a_file_that_is_no_note_stops_the_process(note: Path) -> None:
    note.write_text("trust me")
    with pytest.raises(ReleaseMismatch, match="not a release note"):
        served_release()


def test_without_a_note_the_release_is_named_as_signed_in_development() -> None:
    out = io.StringIO()
    call_command("release", "show", stdout=out)
    assert served_release().signed_by == "development"
    assert "no releaser signed this" in out.getvalue()


def test_without_any_key_nobody_signed(settings: Any, tmp_path: Path) -> None:
    settings.DEVELOPMENT_RELEASE_KEY_FILE = tmp_path / "none.pem"
    assert (served_release().note, served_release().signed_by) == (None, "nobody")
    browser = Client(headers={"host": settings.ORIGINS.kmf.split("//")[1]})
    assert browser.get("/endpoint/manifest.note").status_code == 404


@pytest.mark.parametrize("name", ["development", "two words", "a+b", ""])
def test_a_release_key_is_not_named_so(tmp_path: Path, name: str) -> None:
    with pytest.raises(CommandError):
        call_command("release", "make-key", str(tmp_path / "key.pem"), "--name", name)
    assert not (tmp_path / "key.pem").exists()


def test_a_release_key_replaces_no_file(key: tuple[Path, str]) -> None:
    before = key[0].read_bytes()
    with pytest.raises(CommandError):
        call_command("release", "make-key", str(key[0]), "--name", "example.org/release")
    assert key[0].read_bytes() == before


@pytest.mark.django_db
def test_what_is_served_stands_in_the_audit_once(note: Path) -> None:
    assert record_release(now=NOW)
    assert not record_release(now=NOW)
    entries = AuditEntry.objects.filter(event=EVENT)
    assert [json.loads(entry.body)["details"]["manifest"] for entry in entries] == [served_release().hash]


@pytest.mark.django_db
def test_another_signature_is_another_entry(note: Path) -> None:
    assert record_release(now=NOW)
    note.unlink()
    served_release.cache_clear()
    assert record_release(now=NOW)
    signers = [
        json.loads(entry.body)["details"]["signed_by"] for entry in AuditEntry.objects.filter(event=EVENT).order_by("number")
    ]
    assert signers == ["example.org/release", "development"]


def test_the_page_is_rendered_from_the_released_text(settings: Any) -> None:
    browser = Client(headers={"host": settings.ORIGINS.kmf.split("//")[1]})
    served = browser.get("/callback").content.decode()
    origins = settings.ORIGINS
    released = this_manifest().page
    for name in ("kmf", "auth", "provider", "core"):
        released = released.replace(f"{{{name}}}", getattr(origins, name))
    assert served.split("data-roster-key")[0] == released.split("data-roster-key")[0]
