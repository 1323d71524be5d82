"""``python -m room_endpoint CONFERENCE --device ID --key FILE --kmf ORIGIN --auth ORIGIN``: be in a conference, without media.

Prints one JSON object a line: ``released``, ``roster``, ``epoch``, ``revoked``, ``left``, ``refused``, ``away``; a key's bytes
are in none. Ends with 0 where it left or the conference ended, 1 where it was refused or put out, 2 where the KMF is away.
"""

import argparse
import json
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from room_endpoint.errors import Away, EndpointError
from room_endpoint.site import Device, Site
from room_endpoint.stay import Stay

WELL, OUT, AWAY = 0, 1, 2
_ENDS_WELL = {"left", "ended"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What both ways to start it take."""
    parser.add_argument("conference", type=read_conference, help="URI of the conference, or the last part of it")
    parser.add_argument("--device", required=True, metavar="ID", help="id that the device was enrolled under")
    parser.add_argument("--key", type=Path, required=True, metavar="FILE", help="its private key, P-256, PEM")
    parser.add_argument("--seconds", type=float, help="leave after so long; without it at Ctrl-C or at the end")
    parser.add_argument("--connect", default="", metavar="HOST:PORT", help="connect there; the origin stays what it is")
    parser.add_argument("--ca", metavar="FILE", help="PEM file of the only authorities to trust")


def run(options: argparse.Namespace, *, kmf: str, auth: str) -> int:
    """Be there; the exit code."""
    key = read_private_key(options.key)
    if key is None:
        sys.stderr.write("the key file holds no P-256 private key\n")
        return OUT
    site = Site(kmf=kmf, auth=auth, connect=options.connect, authority=options.ca)
    stay = Stay(site, Device(options.device, key), options.conference, tell=_print)

    def leave(_number: int, _frame: FrameType | None) -> None:
        stay.leaves = True

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, leave)
    try:
        reason = stay.live(seconds=options.seconds)
    except Away as away:
        _print({"event": "away", "code": away.code})
        return AWAY
    except EndpointError as error:
        _print({"event": "refused", "code": error.code})
        return OUT
    if reason == "left":
        _print({"event": "left"})
    return WELL if reason in _ENDS_WELL else OUT


def read_conference(text: str) -> str:
    """Id of a conference, of its URI. An id by itself may begin with a hyphen, and then be taken for an option."""
    return text.rsplit("/", 1)[-1]


def read_private_key(path: Path) -> ec.EllipticCurvePrivateKey | None:
    """The device's key; None where the file holds none of P-256."""
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1) else None


def main(arguments: Sequence[str]) -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(prog="python -m room_endpoint", description=(__doc__ or "").split("\n", 1)[0])
    add_arguments(parser)
    parser.add_argument("--kmf", required=True, metavar="ORIGIN", help="the KMF's origin")
    parser.add_argument("--auth", required=True, metavar="ORIGIN", help="the authorization server's issuer")
    options = parser.parse_args(arguments)
    return run(options, kmf=options.kmf, auth=options.auth)


def _print(members: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(members, ensure_ascii=False) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
