"""The end by the schedule: with the worker it reaches everybody; without one, keys are refused at their time all the same."""

import time

import pytest

from tests.scenes import Scene
from tests.stack import Stack

pytestmark = pytest.mark.requirement("KMF-REL-3")


def test_the_schedule_ends_a_conference_with_nobody_looking_but_the_worker(stack: Stack):
    scene = Scene.schedule(stack, ends_in_s=4, grace_min=0)
    ada = scene.person("participant", 0).sign_in()
    assert ada.ask_for_key().status_code == 200  # no socket: no hub looks after this conference
    deadline = time.monotonic() + 12
    while scene.epochs() != [(1, "destroyed")] and time.monotonic() < deadline:
        time.sleep(0.3)
    assert scene.epochs() == [(1, "destroyed")]
    assert [entry["details"]["reason"] for entry in scene.audit("conference.ended")] == ["schedule"]
    assert ada.ask_for_key().json() == {"error": "ended"}


def test_everybody_is_told(stack: Stack):
    scene = Scene.schedule(stack, ends_in_s=4, grace_min=0)
    ada = scene.person("participant", 0).sign_in()
    ada.ask_for_key()
    with ada.open_socket() as socket:
        ada.hello(socket)
        ada.hear(socket, "welcome")
        assert ada.hear(socket, "revoked", timeout=10)["reason"] == "ended"
        ada.say(socket, "deleted", epochs=[1])


def test_without_a_worker_keys_are_refused_at_their_time(stack: Stack):
    scene = Scene.schedule(stack, ends_in_s=4, grace_min=0)
    ada, bob = (scene.person("participant", index).sign_in() for index in range(2))
    stack.take_away("worker")
    try:
        assert ada.ask_for_key().status_code == 200
        time.sleep(4.2)
        assert bob.ask_for_key().json() == {"error": "ended"}
        with ada.open_socket() as socket:
            ada.hello(socket)
            assert ada.hear(socket, "denied")["code"] in ("ended", "denied")
    finally:
        stack.bring_back("worker")
    assert bob.keys == {}
