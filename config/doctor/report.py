"""Running all checks and printing what they found."""

import argparse
import fcntl
import json
import os
import sys
from dataclasses import asdict

from config.doctor import audit, files, machine, parts, sites
from config.doctor.finding import ERROR, OK, SKIPPED, WARNING, Check, Finding, Situation, look_around
from config.embedded.state import State
from config.env import MissingSetting, state_dir

ALWAYS: dict[str, Check] = {
    "python": machine.python,
    "programs": machine.programs,
    "disk": machine.disk,
    "instance": machine.instance,
    "ports": machine.ports,
    "origins": sites.origins,
}
WITH_STATE: dict[str, Check] = {
    "modes": files.modes,
    "secrets": files.secrets,
    "clock": parts.file_clock,
    "day keys": parts.day_keys,
    "audit key": audit.signing_key,
    "release": parts.release,
}
RUNNING: dict[str, Check] = {
    "databases": parts.database,
    "audit": audit.tree,
    "broker": parts.broker_and_worker,
    "mail": parts.mail,
    "sites": sites.readiness,
    "provider": sites.provider,
}
SIGNS = {OK: "ok     ", WARNING: "WARNING", ERROR: "ERROR  ", SKIPPED: "-      "}


def main(arguments: list[str]) -> int:
    """Entry point; returns 1 if there is an error, else 0."""
    parser = argparse.ArgumentParser(prog="manage.py doctor", description="Say what is wrong and how to mend it.")
    parser.add_argument("--json", action="store_true", help="print a JSON list of {check, level, what, mend}")
    options = parser.parse_args(arguments)
    found = examine(look_around(State(state_dir()), is_tended))
    if options.json:
        entries = [{"check": name} | asdict(finding) for name, finding in found]
        sys.stdout.write(json.dumps(entries, indent=1) + "\n")
    else:
        for name, finding in found:
            sys.stdout.write(_line(name, finding))
    return 1 if any(finding.level == ERROR for _, finding in found) else 0


def examine(situation: Situation) -> list[tuple[str, Finding]]:
    """Every check's findings, by its name, in the order in which they are best mended."""
    chosen = dict(ALWAYS)
    skipped: dict[str, Check] = {}
    (chosen if situation.root.exists() else skipped).update(WITH_STATE)
    # Servers of somebody else's (systemd, a cluster) are named by the environment; ours run only if we do.
    (chosen if situation.running or _has_own_servers() else skipped).update(RUNNING)
    found = [(name, finding) for name, check in chosen.items() for finding in _guarded(name, check, situation)]
    return found + [(name, Finding(SKIPPED, "not looked at: nothing runs")) for name in skipped]


def is_tended(state: State) -> bool:
    """Whether a supervisor holds this state directory."""
    try:
        with state.supervisor_pid.open("r") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _has_own_servers() -> bool:
    return "DATABASE_URL" in os.environ


def _guarded(name: str, check: Check, situation: Situation) -> list[Finding]:
    """Findings of one check. One that fails itself says so and stops no other; its message could hold anything."""
    try:
        return list(check(situation))
    except MissingSetting as error:
        return [Finding(ERROR, str(error), "make run, or see docs/operate.md")]
    except Exception as error:  # noqa: BLE001  named by its kind alone
        return [Finding(ERROR, f"{name} could not be looked at ({type(error).__name__})", "run doctor as root; see the logs")]


def _line(name: str, finding: Finding) -> str:
    mend = f"\n{'':21}mend: {finding.mend}" if finding.mend else ""
    return f"{SIGNS[finding.level]} {name:12} {finding.what}{mend}\n"
