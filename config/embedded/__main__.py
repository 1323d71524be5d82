"""``python -m config.embedded up`` runs an instance until Ctrl-C.

``down-check`` tells whether anything of it still runs; ``secrets`` only makes the state directory and the secrets that are
missing, for an installation that brings its own servers (deploy/README.md).
"""

import fcntl
import os
import signal
import sys
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType
from typing import IO

import psycopg

from config.embedded.instance import Instance
from config.embedded.leftovers import list_leftovers
from config.embedded.media import MediaMissing
from config.embedded.ports import PortTaken
from config.embedded.preflight import CannotKeepState, check_room
from config.embedded.programs import ProgramMissing
from config.embedded.secrets import make_secrets
from config.embedded.state import ForeignDirectory, State, make_directory
from config.embedded.supervisor import ServiceFailed, Supervisor
from config.embedded.tls import Certificates, NotLocal
from config.embedded.users import NoUserTool
from config.embedded.view import ClosedToOthers
from config.embedded.wait import NotReady
from config.env import BadSetting, Environment, state_dir
from config.settings.origins import read_origins

MOST_MDDS = 16
EXPECTED = (
    PortTaken,
    ServiceFailed,
    MediaMissing,
    ProgramMissing,
    NotReady,
    NoUserTool,
    ForeignDirectory,
    ClosedToOthers,
    CannotKeepState,
    NotLocal,
    psycopg.Error,
    OSError,
)


class EndRequested(BaseException):
    """Ctrl-C, or a request to end."""


class AlreadyRunning(RuntimeError):
    """Another supervisor works with this state directory."""


def main(arguments: list[str]) -> int:
    """Entry point; returns the exit status."""
    commands = {"up": up, "down-check": down_check, "secrets": only_secrets}
    if len(arguments) != 1 or arguments[0] not in commands:
        sys.stderr.write("usage: python -m config.embedded up | down-check | secrets\n")
        return 2
    try:
        return commands[arguments[0]](State(state_dir()))
    except BadSetting as error:
        say(f"error: {error}")
        return 1


def up(state: State) -> int:
    """Bring the instance up, print ``ready`` and the origins, tend it until the end is requested."""
    environment = Environment("none")
    origins = read_origins(environment)
    supervisor = Supervisor(state, say=say, adopt=True)
    instance = Instance(
        state=state,
        origins=origins,
        port=environment.number("CONCLAVE_PORT", 8000),
        provider_port=environment.number("CONCLAVE_PROVIDER_PORT", 8100),
        supervisor=supervisor,
        say=say,
        tls=environment.flag("CONCLAVE_TLS"),
        mdds=number_of_mdds(environment),
    )
    _listen_for_the_end()
    status = 0
    try:
        check_room(state)
        with _only_supervisor(state):
            try:
                instance.start()
                _announce(instance)
                while True:
                    supervisor.tend()
            finally:
                _ignore_further_requests()
                supervisor.stop_all()
    except EndRequested:
        say("stopped")
    except AlreadyRunning as error:
        say(f"error: {error}")
        status = 1
    except EXPECTED as error:
        say(f"error: {error}")
        status = 1
    return status


def number_of_mdds(environment: Environment) -> int:
    """Value of ``CONCLAVE_MDDS``.

    Raises:
        BadSetting: it is no number from 1 to 16.

    """
    text = environment.text("CONCLAVE_MDDS", "1")
    if not text.isdecimal() or not 1 <= int(text) <= MOST_MDDS:
        message = f"CONCLAVE_MDDS is a number from 1 to {MOST_MDDS}"
        raise BadSetting(message)
    return int(text)


def down_check(state: State) -> int:
    """Name every process that still uses ``state``; 0 if there is none."""
    leftovers = list_leftovers(state)
    for process, command in leftovers:
        say(f"still running: {process} {command}")
    return 1 if leftovers else 0


def only_secrets(state: State) -> int:
    """Make directories and missing secrets of both domains; start nothing."""
    state.make_directories()
    make_secrets(state)
    return 0


def say(line: str) -> None:
    """One line to whoever started us."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _announce(instance: Instance) -> None:
    origins, state = instance.origins, instance.state
    say("ready")
    for name in ("core", "auth", "kmf", "provider"):
        say(f"  {name:9}{getattr(origins, name)}")
    if instance.tls:
        say(f"  trust    {Certificates(state).authority} (how: docs/operate.md, HTTPS)")
    say(f"  accounts {state.root / 'demo.json'}")
    say(f"  mail     {state.root / 'mail'}")
    say(f"  logs     {state.root / 'log'}")


@contextmanager
def _only_supervisor(state: State) -> Generator[IO[str]]:
    make_directory(state.root, 0o755)
    make_directory(state.root / "run", 0o755)
    with state.supervisor_pid.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            message = f"another instance runs with {state.root}; set CONCLAVE_STATE to another directory"
            raise AlreadyRunning(message) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield file


def _listen_for_the_end() -> None:
    def request_end(_number: int, _frame: FrameType | None) -> None:
        _ignore_further_requests()
        raise EndRequested

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, request_end)


def _ignore_further_requests() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
