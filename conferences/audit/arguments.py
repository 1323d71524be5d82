"""Arguments of the verifier, the same in ``manage.py audit verify`` and ``python -m conferences.audit``."""

from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from conferences.audit.report import Question


def add_verify_arguments(parser: ArgumentParser) -> None:
    """The file, and what is known of the log from elsewhere."""
    parser.add_argument("file", type=Path, help="an export, or a proof that 'audit prove' wrote")
    parser.add_argument("--witness", type=Path, metavar="FILE", help="checkpoints and heads that were kept of this log")
    parser.add_argument("--keep", action="store_true", help="append what this export adds to the witness's file")
    parser.add_argument("--proof", type=Path, action="append", default=[], metavar="FILE", help="a consistency proof that links")
    parser.add_argument("--key", default="", help="the log's key, name+id+key, where it is known by other means")


def question_of(options: Mapping[str, Any]) -> Question:
    """What the arguments ask."""
    return Question(options["file"], options["witness"], options["proof"], options["key"], options["keep"])
