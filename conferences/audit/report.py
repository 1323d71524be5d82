"""What the verification of a file says in words; no database, no settings."""

from collections.abc import Callable
from pathlib import Path

from conferences.audit.verify import verify_export
from conferences.errors import AuditExportTouched

WHOLE, TOUCHED, UNREADABLE = 0, 1, 2


def report(file: Path, *, say: Callable[[str], object], complain: Callable[[str], object]) -> int:
    """Verify ``file``, say the result, and give the exit status: 0 whole, 1 touched, 2 unreadable."""
    try:
        with file.open(encoding="utf-8") as lines:
            verified = verify_export(lines)
    except AuditExportTouched as touched:
        complain(f"TOUCHED  {touched}")
        return TOUCHED
    except (OSError, UnicodeDecodeError) as error:
        complain(f"cannot read the file ({type(error).__name__})")
        return UNREADABLE
    for chain, (number, head) in verified.heads.items():
        say(f"{chain}  {number} entries  head {head}")
    say(f"OK  {verified.entry_count} entries in {len(verified.heads)} chains are as they were written")
    return WHOLE
