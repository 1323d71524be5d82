"""How long a leaver's keys stay current: from his goodbye to the next key in another endpoint's hands.

Measured through everything that is real in it (sockets, PostgreSQL, audit row, signed roster), as a ratio to the time of
an answer that does no work (``GET /health`` of the same server), in interleaved rounds.

Run: ``.venv/bin/python -m benchmarks.leave_to_rekey``, on a quiet machine.
"""

import statistics
import time

from tests.scenes import Scene
from tests.stack import Stack

ROUNDS = 12


def leave_to_rekey_ms(stack: Stack) -> float:
    """One conference of two, one of whom leaves."""
    scene = Scene.schedule(stack)
    stays, leaves = (scene.person("participant", index).sign_in() for index in range(2))
    with stays.open_socket() as socket:
        stays.ask_for_key()
        stays.hello(socket)
        stays.hear(socket, "welcome")
        with leaves.open_socket() as other:
            leaves.ask_for_key()
            leaves.hello(other)
            leaves.hear(other, "welcome")
            stays.hear(socket, "rekey")
            time.sleep(0.3)
            begun = time.perf_counter()
            leaves.say(other, "leaving")
            stays.hear(socket, "rekey")
            return (time.perf_counter() - begun) * 1000


def health_ms(stack: Stack) -> float:
    """The median of ten answers that do no work."""
    with stack.http(stack.origins.kmf) as client:
        times = []
        for _ in range(10):
            begun = time.perf_counter()
            client.get("/health")
            times.append((time.perf_counter() - begun) * 1000)
    return statistics.median(times)


def main() -> None:
    """Print medians and the ratio."""
    with Stack() as stack:
        pairs = [(leave_to_rekey_ms(stack), health_ms(stack)) for _ in range(ROUNDS)]
    rekey = statistics.median(pair[0] for pair in pairs)
    health = statistics.median(pair[1] for pair in pairs)
    print(f"leave → next key: median {rekey:.1f} ms, worst {max(p[0] for p in pairs):.1f} ms over {ROUNDS} rounds")
    print(f"GET /health:      median {health:.1f} ms; ratio {rekey / health:.1f}")


if __name__ == "__main__":
    main()
