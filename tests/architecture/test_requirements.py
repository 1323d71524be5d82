"""``docs/security/requirements.md`` and the tests name the same requirements."""

import re

from tests.architecture.repository import ROOT, files

ROW = re.compile(r"^\| ([A-Z]+(?:-[A-Z]+)?-\d+) \|", re.MULTILINE)
MARK = re.compile(r'requirement\("([^"]+)"\)')


def documented() -> set[str]:
    return set(ROW.findall((ROOT / "docs/security/requirements.md").read_text()))


def marks_in_tests() -> set[str]:
    tests = [path for path in files() if path.parts[0] == "tests" and path.suffix == ".py" and path.name.startswith("test_")]
    return {mark for path in tests for mark in MARK.findall((ROOT / path).read_text())}


def test_the_table_has_rows():
    assert len(documented()) > 10


def test_each_requirement_has_a_test():
    assert documented() - marks_in_tests() == set()


def test_each_mark_names_a_requirement():
    assert marks_in_tests() - documented() == set()


def test_the_documents_name_tests_that_are_there():
    named = set()
    for path in files():
        if path.parts[0] == "docs" and path.suffix == ".md":
            named |= set(re.findall(r"`(tests/[\w/]+\.py)`", (ROOT / path).read_text()))
    assert {name for name in named if not (ROOT / name).is_file()} == set()
