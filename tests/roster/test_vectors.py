"""Every history of the vector file against the stand-alone verifier, and the verifier as it is run by hand."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from config.env import ROOT
from protocol import base64url
from roster.verify import LineRefused, verify_lines
from tests.vectors.load import cases, load

COUNT = 65
pytestmark = pytest.mark.requirement("ROSTER-1")


def lines(case: dict[str, Any]) -> list[bytes]:
    return [json.dumps(step).encode() for step in case["steps"]]


def held(case: dict[str, Any], steps: list[bytes]) -> dict[str, Any]:
    found = verify_lines(steps, key=base64url.decode(case["key"]), conference_id=case["conference"])
    return {
        "number": found.number,
        "epoch": found.epoch,
        "head": base64url.encode(found.head),
        "sources": sorted(found.entries),
        "code": found.verification_code(),
    }


def test_no_vector_is_missing():
    rows = load("roster.json")["cases"]
    assert len(rows) == len({row["name"] for row in rows}) == COUNT


@pytest.mark.parametrize("case", cases("roster.json"))
def test_a_history_holds_or_its_last_statement_is_named(case):
    steps = lines(case)
    if case["expect"] == "ok":
        assert held(case, steps) == case["held"]
        return
    with pytest.raises(LineRefused) as refusal:
        held(case, steps)
    assert (refusal.value.line, refusal.value.code) == (len(steps), case["expect"])
    assert held(case, steps[:-1]) == case["held"]


def run(path, case):
    command = [sys.executable, "-m", "roster.verify", str(path), "--key", case["key"], "--conference", case["conference"]]
    environment = {"PATH": os.environ["PATH"]}  # no settings, no state
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)  # noqa: S603  ours


def test_the_command_names_the_first_line_that_does_not_hold(tmp_path):
    by_name = {case["name"]: case for case in load("roster.json")["cases"]}
    good, bad = by_name["deltas one after the other"], by_name["a gap"]
    (tmp_path / "good").write_bytes(b"\n".join(lines(good)))
    (tmp_path / "bad").write_bytes(b"\n".join([*lines(bad), b"not looked at"]))
    done = run(tmp_path / "good", good)
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "holds up to delta 7, epoch 5; 2 endpoints")
    assert good["held"]["code"] in done.stdout
    done = run(tmp_path / "bad", bad)
    assert (done.returncode, done.stderr) == (1, "does not hold: line 2: gap\n")


@pytest.mark.parametrize(
    "line",
    [b"", b"[]", b"{}", b'{"kind":"other","body":"","signature":""}', b'{"kind":1}', b'{"kind":"delta","kind":"delta"}'],
)
def test_a_line_of_another_form_is_named(line):
    case = load("roster.json")["cases"][0]
    with pytest.raises(LineRefused) as refusal:
        verify_lines([*lines(case), line], key=base64url.decode(case["key"]), conference_id=case["conference"])
    assert (refusal.value.line, refusal.value.code) == (len(case["steps"]) + 1, "statement_invalid")


def test_the_verifier_needs_no_django():
    script = "import sys, roster.verify; sys.exit(any(name.split('.')[0] == 'django' for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False).returncode == 0  # noqa: S603  ours
