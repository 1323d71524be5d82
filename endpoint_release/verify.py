"""``python -m endpoint_release.verify ORIGIN --key KEY``: whether a server serves the endpoint page that was released.

Fetches the page, its modules, worker, styles and headers, compares them with the manifest that the key signed, and names every
difference. Exit code 0: as released. 1: not, or nobody to be trusted says so. 2: it could not be looked at.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from endpoint_release import DEVELOPMENT
from endpoint_release.compare import any_conference, differences
from endpoint_release.errors import ManifestWrong, NoteWrong, PageWrong, ReleaseError, Unreachable
from endpoint_release.fetch import Server
from endpoint_release.installation import read_installation
from endpoint_release.manifest import Manifest, digest, parse
from endpoint_release.note import ReleaseNote, open_note, parse_note, read_key

MANIFEST_PATH = "/endpoint/manifest.json"
NOTE_PATH = "/endpoint/manifest.note"
_OK = 200
AS_RELEASED, DIFFERENT, NOT_LOOKED_AT = 0, 1, 2


def main(arguments: Sequence[str], *, say: Callable[[str], object], complain: Callable[[str], object]) -> int:
    """Entry point; the exit code."""
    options = _parser().parse_args(arguments)
    say, complain = _plainly(say), _plainly(complain)
    try:
        server = Server(options.origin.rstrip("/"), address=options.connect, authority=options.ca)
        found, manifest = _released(server, options, say)
        if manifest is not None:
            found += [*differences(server, manifest), *_unexpected(server, options.expect)]
            _tell_installation(server, say)
    except (Unreachable, OSError, ValueError) as error:
        complain(str(error))
        return NOT_LOOKED_AT
    for line in found:
        complain(line)
    say("as released" if not found else f"NOT as released: {len(found)} differences")
    return DIFFERENT if found else AS_RELEASED


def _plainly(write: Callable[[str], object]) -> Callable[[str], object]:
    """What a hostile server says must not move the cursor of whoever looks."""
    return lambda line: write("".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in line))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m endpoint_release.verify", description="Compare what is served with what was released."
    )
    parser.add_argument("origin", help="the KMF's origin, https://kmf.example")
    parser.add_argument("--key", default="", help="the releaser's public key, name+id+key, known by other means")
    parser.add_argument("--note", type=Path, metavar="FILE", help="the release note, instead of the one that is served")
    parser.add_argument("--manifest", type=Path, metavar="FILE", help="the manifest, instead of the one that is served")
    parser.add_argument(
        "--expect", action="append", default=[], metavar="NAME=VALUE", help="kmf, auth, provider, core or roster_key"
    )
    parser.add_argument("--connect", default="", metavar="HOST:PORT", help="connect there; the origin stays what is asked for")
    parser.add_argument("--ca", metavar="FILE", help="PEM file of the only authorities to trust")
    return parser


def _released(server: Server, options: argparse.Namespace, say: Callable[[str], object]) -> tuple[list[str], Manifest | None]:
    """Findings about note and manifest, and the manifest to compare with, if there is one."""
    found: list[str] = []
    data = options.manifest.read_bytes() if options.manifest else _served(server, MANIFEST_PATH)
    text = options.note.read_text() if options.note else (_served(server, NOTE_PATH) or b"").decode(errors="replace")
    note = _note(text, options.key, found, say)
    if note is not None and (data is None or digest(data) != note.digest):
        found.append("manifest: not the one of the release note")
    if data is None:
        found.append("manifest: missing")
        return found, None
    if options.manifest and _served(server, MANIFEST_PATH) != data:
        found.append("manifest: the served one is another than the released one")
    try:
        return found, parse(data)
    except ManifestWrong as error:
        found.append(f"manifest: {error}")
        return found, None


def _note(text: str, key: str, found: list[str], say: Callable[[str], object]) -> ReleaseNote | None:
    if not text:
        found.append("release note: missing; nobody signed this release")
        return None
    try:
        note = parse_note(text)
        say(f"release {note.version}, signed by {', '.join(note.signers)}")
        if DEVELOPMENT in note.signers:
            found.append("release note: signed by a key that the server made for itself (development)")
        if key:
            return open_note(text, read_key(key))
        found.append("release note: no --key given, so nobody's signature was checked")
    except NoteWrong as error:
        found.append(f"release note: {error}")
        return None
    return note


def _served(server: Server, path: str) -> bytes | None:
    answer = server.get(path)
    return answer.body if answer.status == _OK else None


def _unexpected(server: Server, expected: list[str]) -> list[str]:
    try:
        served = read_installation(server.get(any_conference()).body.decode(errors="replace"))
    except PageWrong:
        return []  # named already
    pairs = [text.partition("=") for text in expected]
    return [f"the page names another {name} than expected" for name, _, value in pairs if getattr(served, name, None) != value]


def _tell_installation(server: Server, say: Callable[[str], object]) -> None:
    try:
        found = read_installation(server.get(any_conference()).body.decode(errors="replace"))
    except ReleaseError:
        return
    say(f"made for: sign-in {found.auth}, core {found.core}, provider {found.provider}, roster key {found.roster_key}")


if __name__ == "__main__":
    sys.exit(
        main(
            sys.argv[1:],
            say=lambda line: sys.stdout.write(line + "\n"),
            complain=lambda line: sys.stderr.write(line + "\n"),
        )
    )
