"""The import contracts of pyproject.toml hold, and every Python module says what it is."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture import repository

UNTOLD = {"tests", "migrations"}
MODULES = [path for path in repository.files() if path.suffix == ".py" and not UNTOLD & set(path.parts)]
JUNK_DRAWERS = {"utils", "helpers", "common", "misc", "signals"}


def test_import_contracts_are_kept():
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    result = subprocess.run(command, cwd=repository.ROOT, capture_output=True, text=True, check=False)  # noqa: S603  our own command
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("path", [path for path in MODULES if repository.text(path).strip()], ids=str)
def test_module_has_a_docstring(path):
    assert ast.get_docstring(ast.parse(repository.text(path))), f"{path} does not say what it is"


def test_there_is_no_junk_drawer():
    named = [path for path in repository.files() if JUNK_DRAWERS & {part.removesuffix(path.suffix) for part in path.parts}]
    assert named == []
