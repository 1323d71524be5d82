"""``python -m conferences.audit FILE``: verify an export on a machine that has neither Django nor a database."""

import sys
from pathlib import Path

from conferences.audit.report import UNREADABLE, report

if __name__ == "__main__":
    if len(sys.argv) != 2:  # noqa: PLR2004  the program and one file
        sys.stderr.write("usage: python -m conferences.audit FILE\n")
        sys.exit(UNREADABLE)
    sys.exit(
        report(
            Path(sys.argv[1]),
            say=lambda line: sys.stdout.write(line + "\n"),
            complain=lambda line: sys.stderr.write(line + "\n"),
        )
    )
