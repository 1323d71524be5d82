"""Kill a child process (SIGKILL) at its n-th touch of the file system or the database."""

import os
import signal
import sys
import traceback
from collections.abc import Callable

from django.db import connection

TOUCHES = {"os.rename", "os.link", "os.remove", "os.mkdir", "os.chmod", "os.truncate", "open", "tempfile.mkstemp", "fcntl.flock"}
_parents: list[object] = []


def killed_at(point: int, work: Callable[[], object]) -> bool:
    """Do ``work`` in a forked process that is killed at its touch number ``point``; False if it had ended before.

    Raises:
        AssertionError: the work failed by itself.

    """
    child = os.fork()
    if child == 0:
        _do(point, work)
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.waitstatus_to_exitcode(status) == 0
    return False


def _do(point, work):
    code = 1
    try:
        # The parent's sockets and pool: never to be used, closed or finalised here.
        _parents.append((connection.connection, dict(connection._connection_pools)))
        connection.connection = None
        connection._connection_pools.clear()
        connection.connect()
        seen = 0

        def touched(*_details):
            nonlocal seen
            seen += 1
            if seen == point:
                os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(lambda event, _arguments: touched() if event in TOUCHES else None)

        def execute(run, *arguments):
            touched()
            return run(*arguments)

        with connection.execute_wrapper(execute):
            work()
        code = 0
    except BaseException:  # noqa: BLE001  a forked test runner must not go on
        traceback.print_exc()
    finally:
        os._exit(code)
