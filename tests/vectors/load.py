"""Vector files as parameters of tests."""

import json
from pathlib import Path
from typing import Any

import pytest

DIRECTORY = Path(__file__).parent


def load(name: str) -> dict[str, Any]:
    return json.loads((DIRECTORY / name).read_text(encoding="utf-8"))


def cases(name: str, operation: str | None = None) -> list[Any]:
    """The cases of a file, each under its own name; ``operation`` picks some of them."""
    found = [case for case in load(name)["cases"] if operation in (None, case.get("operation"))]
    return [pytest.param(case, id=case["name"]) for case in found]
