"""Exports verify offline, and whatever was touched is named."""

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from conferences.audit.export import export_lines
from conferences.audit.verify import verify_export
from conferences.errors import AuditExportTouched
from conferences.models import AuditEntry, Conference
from conferences.services.audit import entry_hash, record

Lines = list[str]
pytestmark = pytest.mark.requirement("AUDIT-1")


@pytest.fixture
def lines(schedule: Callable[..., Conference], now: datetime) -> Lines:
    """Header, six entries, closing head."""
    conference = schedule()
    for number in range(2):
        record(event="key.released", at=now, actor="x", conference=conference, details={"epoch": number})
    return list(export_lines(now=now, conference=conference))


def rewritten(line: str, *, rehash: bool = False, **members: object) -> str:
    entry = json.loads(line)
    body = json.loads(entry["body"]) | members
    entry["body"] = json.dumps(body, separators=(",", ":"), ensure_ascii=False)
    if rehash:
        entry["hash"] = entry_hash(entry["previous"], entry["body"])
    return json.dumps(entry, separators=(",", ":"), ensure_ascii=False) + "\n"


def test_a_whole_export_verifies(lines: Lines) -> None:
    verified = verify_export(lines)
    assert verified.entry_count == 6
    assert len(lines) == 8


@pytest.mark.parametrize(
    ("touch", "number", "reason"),
    [
        (lambda x: [*x[:3], rewritten(x[3], actor="eve"), *x[4:]], 3, "changed"),
        (lambda x: [*x[:3], rewritten(x[3], actor="eve", rehash=True), *x[4:]], 3, "changed"),
        (lambda x: [*x[:6], rewritten(x[6], actor="eve", rehash=True), *x[7:]], 6, "changed"),
        (lambda x: [*x[:3], x[3].replace('"hash":"', '"hash":"0'), *x[4:]], 3, "changed"),
        (lambda x: [*x[:3], *x[4:]], 3, "dropped"),
        (lambda x: [x[0], *x[2:]], 1, "dropped"),
        (lambda x: [*x[:6], x[7]], 6, "dropped"),
        (lambda x: [*x[:3], x[4], x[3], *x[5:]], 4, "swapped"),
        (lambda x: [*x[:3], rewritten(x[3], actor="eve", rehash=True), *x[3:]], 3, "inserted"),
        (lambda x: [*x[:4], x[3], *x[4:]], 3, "inserted"),
        (lambda x: [*x[:7], rewritten(x[6], number=7, rehash=True), x[7]], 7, "inserted"),
    ],
    ids=[
        "changed", "changed and hashed anew", "last changed and hashed anew", "hash changed", "dropped", "first dropped",
        "last dropped", "swapped", "inserted beside", "twice", "appended",
    ],
)  # fmt: skip
def test_the_touched_entry_is_named(lines: Lines, touch: Callable[[Lines], Lines], number: int, reason: str) -> None:
    with pytest.raises(AuditExportTouched) as touched:
        verify_export(touch(lines))
    assert f" #{number}" in touched.value.entry
    assert touched.value.reason.startswith(reason)


@pytest.mark.parametrize(
    "touch",
    [
        lambda _: [],
        lambda x: x[:-1],
        lambda x: x[:4],
        lambda x: x[1:],
        lambda x: [*x, "{}\n"],
        lambda x: [x[0], "not json\n", *x[1:]],
        lambda x: [x[0], "[" * 100_000 + "\n", *x[1:]],
        lambda x: [x[0].replace('"number":6', '"number":5'), *x[1:]],
        lambda x: [x[0].replace('"number":6', '"number":1e999'), *x[1:]],
        lambda x: [x[0], x[1].replace('"kind":"entry"', '"kind":"entry","kind":"entry"'), *x[2:]],
        lambda x: [x[0], rewritten(x[1], chain="B" * 22), *x[2:]],
        lambda x: [x[0], rewritten(x[1], number="1"), *x[2:]],
        lambda x: [x[0], x[1].replace("key", "\\ud800").replace("Quarterly", "\\ud800"), *x[2:]],
    ],
    ids=[
        "empty", "closing line cut", "cut in the middle", "no header", "stray line", "no json", "deep json", "header shortened",
        "endless number", "member twice", "foreign chain", "number as text", "lone surrogate",
    ],
)  # fmt: skip
def test_anything_else_is_refused(lines: Lines, touch: Callable[[Lines], Lines]) -> None:
    with pytest.raises(AuditExportTouched):
        verify_export(touch(lines))


def test_every_flipped_character_of_an_entry_is_found(lines: Lines) -> None:
    target = lines[4]
    for at in range(0, len(target) - 1, 7):
        flipped = target[:at] + ("x" if target[at] != "x" else "y") + target[at + 1 :]
        with pytest.raises(AuditExportTouched):
            verify_export([*lines[:4], flipped, *lines[5:]])


def test_entries_appended_meanwhile_are_not_in_the_export(schedule: Callable[..., Conference], now: datetime) -> None:
    conference = schedule()
    export = export_lines(now=now, conference=conference)
    header = next(export)
    with transaction.atomic():
        record(event="key.released", at=now, actor="x", conference=conference)
    assert verify_export([header, *export]).entry_count == 4


def test_commands(lines: Lines, tmp_path: Path) -> None:
    out = StringIO()
    call_command("audit", "export", stdout=out)
    file = tmp_path / "audit.jsonl"
    file.write_text(out.getvalue())
    said = StringIO()
    call_command("audit", "verify", str(file), stdout=said)
    assert "OK" in said.getvalue()
    assert AuditEntry.objects.filter(event="audit.exported", chain="system").count() == 1
    assert '"audit.exported"' in out.getvalue().replace("\\", "")
    file.write_text(out.getvalue().replace("Ben Okafor", "Bob Okafor"))
    complaint = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("audit", "verify", str(file), stderr=complaint)
    assert ended.value.code == 1
    assert " #3 " in complaint.getvalue()


def test_export_of_no_conference(db: None) -> None:
    with pytest.raises(CommandError):
        call_command("audit", "export", "--conference", "B" * 22)
    assert not AuditEntry.objects.exists()


def test_verification_needs_neither_settings_nor_django(lines: Lines, tmp_path: Path) -> None:
    file = tmp_path / "audit.jsonl"
    file.write_text("".join(lines))
    root = Path(__file__).parents[3]
    probe = (
        "import sys, runpy; sys.modules['django'] = None; sys.argv = ['x', sys.argv[1]];"
        "runpy.run_module('conferences.audit', run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", probe, str(file)], cwd=root, env={}, capture_output=True, check=False)  # noqa: S603
    assert (done.returncode, b"OK  6 entries" in done.stdout) == (0, True), done.stderr
