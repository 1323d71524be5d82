"""The documents name everything that somebody may meet: settings, commands, messages, error codes, files."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from kmf.push import messages as push_messages
from tests.architecture.repository import ROOT, files, text

OPERATE = text(Path("docs/operate.md"))
PROTOCOL = text(Path("docs/protocol.md"))
ARCHITECTURE = text(Path("docs/architecture.md"))
SETTING = re.compile(r"""["'](CONCLAVE_[A-Z_]+|DATABASE_URL|REDIS_URL)["']""")
DOCUMENTED_SETTING = re.compile(r"`(CONCLAVE_[A-Z_]+|DATABASE_URL|REDIS_URL)`")
SENT = re.compile(r"""(?:\.(?:send|message|tell)\(\s*|(?:_tell|put)\(\{["']type["']: ?|\{["']type["']:)["'](\w+)["']""")
SAID = re.compile(r"""\btype: ["']([\w?-]+)["']""")
TO_THE_WORKER = {"detach"}  # inside the page, not on a wire
PATH = re.compile(r"`((?:config|conferences|kmf|roster|provider|protocol|static|tests|docs|benchmarks|deploy)/[\w./-]*\w\.\w+)`")
PRODUCT = ("config", "conferences", "endpoint_release", "kmf", "roster", "provider", "protocol")


def product(suffix: str, *tops: str) -> Iterator[Path]:
    return (path for path in files() if path.suffix == suffix and path.parts[0] in (tops or PRODUCT))


def settings_in_code() -> set[str]:
    return {name for path in product(".py") for name in SETTING.findall(text(path))}


def error_codes() -> set[str]:
    """``code = "…"`` of every class in an ``errors.py``."""
    found = set()
    for path in product(".py"):
        if path.name != "errors.py":
            continue
        for node in ast.walk(ast.parse(text(path))):
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
                found |= {node.value.value for target in node.targets if isinstance(target, ast.Name) and target.id == "code"}
    return found


def management_commands() -> set[str]:
    return {path.stem for path in product(".py") if path.parent.name == "commands" and path.stem != "__init__"}


def quoted(words: set[str], document: str) -> set[str]:
    """Those of ``words`` that ``document`` does not have between backticks or quotation marks."""
    return {word for word in words if not re.search(rf'[`"]{re.escape(word)}[`"]', document)}


def test_every_setting_is_documented():
    assert settings_in_code() - set(DOCUMENTED_SETTING.findall(OPERATE)) == set()


def test_every_documented_setting_is_read():
    assert set(DOCUMENTED_SETTING.findall(OPERATE)) - settings_in_code() == set()


def test_every_management_command_is_documented():
    assert {name for name in management_commands() if f"manage.py {name}" not in OPERATE} == set()


def test_every_error_code_is_documented():
    assert quoted(error_codes(), PROTOCOL) == set()


def test_every_message_of_an_endpoint_is_documented():
    assert quoted(set(push_messages._MEMBERS), PROTOCOL) == set()


@pytest.mark.parametrize("package", ["kmf", "provider"])
def test_every_message_to_an_endpoint_is_documented(package):
    sent = {kind for path in product(".py", package) for kind in SENT.findall(text(path))}
    assert sent, "no message found: the pattern is stale"
    assert quoted(sent, PROTOCOL) == set()


def test_every_message_of_the_frames_is_documented():
    callers = [path for path in product(".js", "static") if path.parts[1] == "provider" or path.parts[2] == "call"]
    said = {kind for path in callers for kind in SAID.findall(text(path))}
    assert said, "no message found: the pattern is stale"
    assert quoted(said - TO_THE_WORKER, PROTOCOL) == set()


def test_every_file_that_a_document_names_is_there():
    documents = [path for path in files() if path.suffix == ".md"]
    named = {name for path in documents for name in PATH.findall(text(path))}
    assert {name for name in named if not (ROOT / name).is_file()} == set()
