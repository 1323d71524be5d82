"""How large the roster's statements are and what signing and verifying them costs, without a database or a network.

Run: ``.venv/bin/python -m benchmarks.roster_size``.
"""

import json
import statistics
import time
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from roster.signing import statement
from roster.signing.chain import Entry, Position, current_members, delta_members, snapshot_members
from roster.signing.held import HeldRoster
from roster.signing.statement import sign

KEY = Ed25519PrivateKey.generate()
CONFERENCE = "C" * 22
ROUNDS = 15
AT = Position(CONFERENCE, 1000, bytes(32), 1000, 1000, 1_800_000_000)


def entry(number: int) -> Entry:
    identity = f"given.family{number:04d}@weaver.example"
    key = number.to_bytes(32, "big")
    return Entry(
        2**31 + number, key, f"Given Family {number:04d}", identity, "pwd+otp", "participant", "person", AT.now, "Ada Weaver"
    )


def median_ms(work: Callable[[], object]) -> float:
    times = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        work()
        times.append((time.perf_counter() - begun) * 1000)
    return statistics.median(times)


def main() -> None:
    """Print a table of sizes on the wire and times."""
    print("statement            bytes   sign ms  verify ms")
    for count in (10, 100, 1000):
        entries = [entry(number) for number in range(count)]

        def make(entries: list[Entry] = entries) -> statement.Statement:
            return sign(snapshot_members(at=AT, endpoints=entries), label=statement.ROSTER, key=KEY)

        show(f"snapshot of {count}", "snapshot", make)
    joined = [entry(1)]
    members = delta_members(at=AT, cause="join", joined=joined, left=[])
    print(f"{'delta of one join':18} {size(sign(members, label=statement.ROSTER, key=KEY)):7}")
    empty = delta_members(at=AT, cause="periodic", joined=[], left=[])
    print(f"{'delta, epoch only':18} {size(sign(empty, label=statement.ROSTER, key=KEY)):7}")
    print(f"{'current':18} {size(sign(current_members(at=AT), label=statement.CURRENT, key=KEY)):7}")


def show(name: str, kind: str, make: Callable[[], statement.Statement]) -> None:
    message = make().as_message()

    def verify() -> None:
        HeldRoster(key=KEY.public_key(), conference_id=CONFERENCE).take(kind, message, at=None)

    print(f"{name:18} {size(make()):7} {median_ms(make):9.2f} {median_ms(verify):10.2f}")


def size(signed: statement.Statement) -> int:
    return len(json.dumps(signed.as_message(), separators=(",", ":")))


if __name__ == "__main__":
    main()
