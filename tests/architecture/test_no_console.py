"""The code that holds keys writes nothing to the console, stops for no debugger and lets no frame through unprotected."""

import re

import pytest

from tests.architecture import repository

SCRIPTS = [path for path in repository.files() if path.suffix == ".js" and path.is_relative_to("static")]
TRUSTED = [path for path in SCRIPTS if path.is_relative_to("static/endpoint")]
COMMENT = re.compile(r"/\*.*?\*/|(?<!:)//[^\n]*", re.DOTALL)
EVERYWHERE = re.compile(
    r"\bconsole\s*[.\[]|\bdebugger\b|\beval\s*\(|\bnew\s+Function\b|\binnerHTML\b|\bouterHTML\b|\bdocument\.write\b"
)
DOORS = re.compile(r"pass_?-?through|\bbypass|\binsecure\b|\bunencrypted\b|\b(?:globalThis|window|self)\.__\w+", re.IGNORECASE)


def code(path):
    return COMMENT.sub("", repository.text(path))


@pytest.mark.parametrize("path", SCRIPTS, ids=str)
def test_script_has_no_console_debugger_or_markup(path):
    assert EVERYWHERE.findall(code(path)) == []


@pytest.mark.parametrize("path", TRUSTED, ids=str)
def test_endpoint_code_has_no_door(path):
    assert DOORS.findall(code(path)) == []
