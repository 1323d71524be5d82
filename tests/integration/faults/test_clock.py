"""The clock of a whole host jumps by an hour and by a day, forward and back, while a conference runs.

Who comes in is told the time by the KMF's answers, as a browser is. Once the clock is right all is as before, without a hand.
"""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.integration.faults.books import check_audit, check_books, entries_of, newest_epoch
from tests.integration.faults.clocked import ClockedStack
from tests.integration.running_conference import slack
from tests.integration.test_push_socket import enter
from tests.integration.test_push_socket_renewal import close_code, renew
from tests.scenes import Scene
from tests.simulators.crowd import Crowd
from tests.stack import wait_for

pytestmark = pytest.mark.requirement("KMF-CLOCK-1")
TOKEN, GRACE = timedelta(minutes=5), timedelta(minutes=1)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SPARE = timedelta(seconds=10)
PEOPLE = 6
NOT_AUTHORIZED = 4401


@pytest.fixture(scope="module")
def stack() -> Iterator[ClockedStack]:
    with ClockedStack() as running:
        yield running


def test_a_stay_is_over_a_minute_after_the_token_that_renewed_it_last(stack: ClockedStack):
    scene = Scene.schedule(stack)
    people = [scene.person(role, index).sign_in() for role, index in (("participant", 0), ("participant", 1), ("initiator", 0))]
    ada, bob, cyd = people
    (ada_socket, ada_welcome), (bob_socket, bob_welcome), (cyd_socket, cyd_welcome) = [enter(person) for person in people]
    renewed_at = timedelta(minutes=3)
    stack.put_clock(renewed_at)
    for person in people:
        person.ahead = renewed_at
    renew(ada, ada_socket, ada.renew_token(), ada.socket_proof(ada.token1))
    # Bob's fresh token renews neither his stay, as he does not show it, nor that of somebody who does.
    renew(cyd, cyd_socket, bob.renew_token(), bob.socket_proof(bob.token1))
    assert close_code(cyd_socket) == NOT_AUTHORIZED
    cyd_socket = cyd.open_socket()
    cyd.hello(cyd_socket)
    assert cyd.hear(cyd_socket, "welcome")["source_id"] == cyd_welcome["source_id"]
    assert scene.audit("endpoint.left") == []
    for person, socket in ((ada, ada_socket), (bob, bob_socket), (cyd, cyd_socket)):
        person.say(socket, "heartbeat", number=3)

    stack.put_clock(TOKEN + GRACE + SPARE)  # after the first token's
    for person, socket in ((bob, bob_socket), (cyd, cyd_socket)):
        assert person.hear(socket, "revoked", timeout=10 * slack())["reason"] == "expired"
    ada.say(ada_socket, "state")
    assert ada.hear(ada_socket, "welcome")["source_id"] == ada_welcome["source_id"]
    over = [bob_welcome["source_id"], cyd_welcome["source_id"]]
    assert sorted(reasons(scene)) == sorted((source_id, "expired") for source_id in over)

    stack.put_clock(renewed_at + TOKEN + GRACE + SPARE)
    assert ada.hear(ada_socket, "revoked", timeout=10 * slack())["reason"] == "expired"
    assert reasons(scene)[2:] == [(ada_welcome["source_id"], "expired")]
    stack.put_clock(timedelta(0))


def test_an_hour_forward_and_back(stack: ClockedStack, crowd: Callable[[int], Crowd], tmp_path: Path):
    running = crowd(PEOPLE)
    before = newest_epoch(running)
    stack.put_clock(HOUR)
    # Tokens are over by that clock: each stay ends as it does for who did not renew, and everybody comes in anew.
    wait_for(lambda: left(running) >= PEOPLE, "the stays to end by that clock", timeout_s=20 * slack())
    ahead_s = running.together(within_s=60 * slack(), beyond=before)
    check_books(running)
    at_jump = newest_epoch(running)
    assert at_jump - before <= 2 * PEOPLE + 2  # a leave and a join each, and their period
    assert opened_at(running) - datetime.now(UTC) > HOUR / 2  # the jump was one

    stack.put_clock(timedelta(0))
    running.leave(running.endpoints[:1])  # said at the moment at which the clock is put back
    wait_for(lambda: newest_epoch(running) > at_jump, "the leaver to be locked out", timeout_s=10 * slack())
    locked_out_by = newest_epoch(running)
    wait_for(lambda: all(one.epoch >= locked_out_by for one in running.inside), "the others to have the key")
    assert running.endpoints[0].epoch < locked_out_by
    running.enter(running.endpoints[:1])
    back_s = running.together(within_s=60 * slack())
    print(f"  {ahead_s:5.1f} s until all are in again after a jump forward, {back_s:5.1f} s after the jump back")  # noqa: T201
    check_well(stack, running, tmp_path)


def test_a_day_forward_and_back(stack: ClockedStack, crowd: Callable[[int], Crowd], tmp_path: Path):
    running = crowd(PEOPLE)
    stack.put_clock(DAY)
    wait_for(lambda: left(running) >= PEOPLE, "the stays to end by that clock", timeout_s=20 * slack())
    released, epochs = len(entries_of(running, "key.released")), newest_epoch(running)
    time.sleep(6)
    # What they signed in to was for some hours: by that clock nobody has a right to a key, however often he asks.
    assert not any(one.is_in for one in running.endpoints)
    assert (len(entries_of(running, "key.released")), newest_epoch(running)) == (released, epochs)
    assert entries_of(running, "epoch.revoked")[-1]["details"] == {"epoch": epochs, "reason": "empty"}

    stack.put_clock(timedelta(0))
    back_s = running.together(within_s=60 * slack())
    print(f"  {back_s:5.1f} s until all are in again after the jump back")  # noqa: T201
    check_well(stack, running, tmp_path)


def check_well(stack: ClockedStack, running: Crowd, directory: Path) -> None:
    """All is as if the clock had never been wrong, but for what the books say of it."""
    check_books(running)
    late = newest_epoch(running)
    assert abs(opened_at(running) - datetime.now(UTC)) < timedelta(minutes=5)
    time.sleep(3)
    assert newest_epoch(running) <= late + 1  # nothing goes round in circles
    wait_for(lambda: is_in_tree(stack, running), "the worker to go on: entries come under a checkpoint", timeout_s=20 * slack())
    wait_for(lambda: not keys_of_the_future(stack, running), "keys that ended in the future to be destroyed", timeout_s=20)
    check_audit(stack, directory)


def reasons(scene: Scene) -> list[tuple[int, str]]:
    """Who left and why, in order."""
    return [(entry["details"]["source_id"], entry["details"]["reason"]) for entry in scene.audit("endpoint.left")]


def left(running: Crowd) -> int:
    return len(entries_of(running, "endpoint.left"))


def opened_at(running: Crowd) -> datetime:
    return datetime.fromisoformat(entries_of(running, "epoch.opened")[-1]["at"])


def keys_of_the_future(stack: ClockedStack, running: Crowd) -> list[int]:
    """Epochs whose sealed key is there though they are over by a clock that was put back."""
    sql = "SELECT number FROM kmf_epoch WHERE conference_id = %s AND sealed_key IS NOT NULL AND closed_at > %s"
    with stack.connect("trusted") as database:
        rows = database.execute(sql, (running.conference_id, datetime.now(UTC) + timedelta(minutes=1))).fetchall()
    return [int(number) for (number,) in rows]


def is_in_tree(stack: ClockedStack, running: Crowd) -> bool:
    with stack.connect("trusted") as database:
        sql = "SELECT count(*) FROM conferences_auditentry WHERE leaf IS NULL AND chain = %s"
        return database.execute(sql, (running.conference_id,)).fetchone() == (0,)
