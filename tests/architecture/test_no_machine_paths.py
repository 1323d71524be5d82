"""What is committed names no machine it was written on and no host it was fetched from."""

import re

import pytest

from tests.architecture import repository

# Written in two parts, so that this file does not name them either.
FORBIDDEN = {
    "a path of one machine": re.compile(
        r"(?<![\w.-])/(?:" + "|".join(["wo" + "rk", "tmp/w", "ro" + "ot/", "opt/py" + "pi"]) + r")(?:/|\b)"
    ),
    "a package registry": re.compile(
        "|".join(["pypi" + r"\.org", "python" + r"hosted\.org", "npm" + r"js\.(?:org|com)", "npm" + "mirror"])
    ),
    "an index option": re.compile(r"^--(?:extra-)?index-url|^--find-links|^--trusted-host", re.MULTILINE),
}
ALLOWED = {"LICENSE"}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_names(what):
    found = [
        f"{path}: {match.group()}"
        for path in repository.files()
        if str(path) not in ALLOWED
        for match in FORBIDDEN[what].finditer(repository.text(path))
    ]
    assert found == []
