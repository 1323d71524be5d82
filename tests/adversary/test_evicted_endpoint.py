"""Attacker: somebody who was locked out and still has a socket open ([PERC] 4.8; requirement MEDIA-1)."""

import pytest
from websockets.exceptions import ConnectionClosed

from tests.scenes import Scene
from tests.simulators.person import Person

pytestmark = pytest.mark.requirement("MEDIA-1")


@pytest.fixture
def pair(scene: Scene) -> tuple[Person, Person]:
    ada, bob = (scene.person("participant", index).sign_in() for index in range(2))
    for person in (ada, bob):
        assert person.ask_for_key().status_code == 200
    return ada, bob


def test_who_was_revoked_cannot_ask_for_the_state_again(scene: Scene, pair: tuple[Person, Person]):
    ada, bob = pair
    with ada.open_socket() as ada_socket, bob.open_socket() as bob_socket:
        for person, socket in ((ada, ada_socket), (bob, bob_socket)):
            person.hello(socket)
            person.hear(socket, "welcome")
        scene.withdraw(bob.account["email"])
        assert bob.hear(bob_socket, "revoked")["reason"] == "withdrawn"
        new = ada.hear(ada_socket, "rekey")["epoch"]
        bob.say(bob_socket, "state")  # the socket stays open for his «deleted»
        with pytest.raises(ConnectionClosed):
            bob.hear(bob_socket, "welcome")
        assert new in ada.keys
        assert ada.keys[new].ekt_key not in {key.ekt_key for key in bob.keys.values()}


def test_a_second_socket_of_an_endpoint_is_no_way_around(scene: Scene, pair: tuple[Person, Person]):
    ada, bob = pair
    with ada.open_socket() as ada_socket, bob.open_socket() as first, bob.open_socket() as second:
        ada.hello(ada_socket)
        ada.hear(ada_socket, "welcome")
        for socket in (first, second):
            bob.hello(socket)
            bob.hear(socket, "welcome")
        with pytest.raises(ConnectionClosed, match="4409"):
            bob.hear(first, "revoked", timeout=3)
        scene.withdraw(bob.account["email"])
        assert bob.hear(second, "revoked")["reason"] == "withdrawn"
        with pytest.raises(ConnectionClosed):
            bob.say(first, "state")


def test_a_hello_after_the_eviction_is_denied(scene: Scene, pair: tuple[Person, Person]):
    ada, bob = pair
    with ada.open_socket() as ada_socket:
        ada.hello(ada_socket)
        ada.hear(ada_socket, "welcome")
        scene.withdraw(bob.account["email"])
        ada.hear(ada_socket, "rekey")
    with bob.open_socket() as socket:
        bob.hello(socket)
        assert bob.hear(socket, "denied")["code"] == "denied"
