"""Every attack of this folder, with what becomes of it: ``python -m tests.adversary.attacks`` prints docs/security/attacks.md.

An attack is a test, or one case of a parametrised one; its outcome is the test's name, which is a sentence.
"""

import importlib
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
# Beside those of this folder: what a foreign script in our own page gets, servers that serve what was not released, forged SAML.
BESIDE = (
    "tests.browser.test_isolation",
    "tests.endpoint_release.test_verify",
    "tests.kmf.authorization.saml.test_forged_answers",
)
HEAD = """# Attacks

Each is played against the real thing: the shipped modules in real Chromium, with real Janus where his way leads through the media
server (frames that he alters are handed to the shipped media engine itself), else the running sites and their database. Each is
refused or ends in denial of service at worst; lines that begin "under share" or "with the media servers help" say what somebody
may do who is in the conference. The test asserts the state afterwards: what the page shows, what it sends, keys, epochs or audit,
as far as he was near them. A few lines only show that the way is open for the honest. `python -m tests.adversary.attacks` makes
this page.
"""


@dataclass(frozen=True)
class Outcome:
    """One test: its attacks by name, and its own name as a sentence."""

    file: str
    attacker: str
    sentence: str
    attacks: tuple[str, ...]
    in_chromium: bool


def outcomes() -> Iterator[Outcome]:
    """All of them, file by file."""
    names = [f"tests.adversary.{path.stem}" for path in sorted(FOLDER.glob("test_*.py"))]
    for name in [*names, *BESIDE]:
        module = importlib.import_module(name)
        attacker = (module.__doc__ or "").split("\n")[0].removeprefix("Attacker: ")
        marks = getattr(module, "pytestmark", [])
        in_chromium = "browser" in [mark.name for mark in (marks if isinstance(marks, list) else [marks])]
        for member, test in vars(module).items():
            if member.startswith("test_") and callable(test):
                sentence = member.removeprefix("test_").replace("_", " ")
                yield Outcome(name.replace(".", "/") + ".py", attacker, sentence, tuple(_cases(test)) or (sentence,), in_chromium)


def _cases(test: Callable[..., Any]) -> list[str]:
    cases = [""]
    for mark in getattr(test, "pytestmark", []):
        if mark.name == "parametrize":
            cases = [f"{one} {other}".strip() for other in _ids(mark) for one in cases]
    return [case for case in cases if case]


def _ids(mark: Any) -> list[str]:
    given = mark.kwargs.get("ids")
    if given is not None and not callable(given):
        return [str(each) for each in given]
    return [_name(value) for value in mark.args[1]]


def _name(value: Any) -> str:
    first = value[0] if isinstance(value, tuple | list) else value
    named = getattr(first, "__name__", None) or (first if isinstance(first, str) else "a case")
    return str(named).replace("_", " ").strip()[:60] or "nothing"


def document() -> str:
    """The page."""
    found = list(outcomes())
    total, in_chromium = (sum(len(each.attacks) for each in chosen) for chosen in (found, [e for e in found if e.in_chromium]))
    parts = [HEAD, f"**{total} cases** in {len({each.file for each in found})} files, {in_chromium} of them in real Chromium.\n"]
    for file in dict.fromkeys(each.file for each in found):
        own = [each for each in found if each.file == file]
        parts.append(f"## {own[0].attacker.rstrip('.')}\n\n`{file}`: {sum(len(each.attacks) for each in own)}\n")
        rows = [f"| {_cell(each)} | {each.sentence} |" for each in own]
        parts.append("\n".join(["| attack | outcome |", "|---|---|", *rows]) + "\n")
    return "\n".join(parts)


def _cell(each: Outcome) -> str:
    text = "; ".join(each.attacks) if each.attacks != (each.sentence,) else "-"
    return text.replace("|", "\\|").replace("\n", " ").replace("\r", " ")


def _main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.trusted")
    import django  # noqa: PLC0415

    django.setup()
    sys.stdout.write(document())


if __name__ == "__main__":
    _main()
