"""Small files with one subject: caps that may not be passed."""

from pathlib import Path

import pytest

from tests.architecture import repository

CODE = {".py", ".js", ".html", ".css"}
# The first folder that fits decides.
CAPS = [
    ("tests/vectors", 10_000),
    ("protocol", 200),
    ("kmf/crypto", 250),
    ("roster/signing", 250),
    ("static/endpoint/worker", 250),
    ("config/settings", 120),
    ("static/style", 1200),
    ("tests", 600),
    ("", 500),
]


def cap(path: Path) -> int:
    return next(lines for folder, lines in CAPS if path.is_relative_to(folder) or folder == "")


MEASURED = [path for path in repository.files() if path.suffix in CODE and "migrations" not in path.parts]


@pytest.mark.parametrize("path", MEASURED, ids=str)
def test_module_stays_small(path):
    assert repository.line_count(path) <= cap(path), f"{path} has grown too long; split it by subject"


def test_there_is_something_to_measure():
    assert len(MEASURED) > 50
