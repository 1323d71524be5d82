"""A process that answers nothing is noticed; a slow start and our own standstill are no silence of its."""

import socket

import pytest

from config.embedded.liveness import ASK_EVERY_S, LOOK_GAP_S, PATIENCE_S, START_PATIENCE_S, Liveness


@pytest.fixture
def server():
    """A listening socket that nobody accepts from: the kernel takes the connection, no program answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(5)
        yield listening


def watch(server):
    liveness = Liveness(server.getsockname()[1], "kmf.localhost:8000")
    liveness.begin(0.0)
    return liveness


def look_until(liveness, start, end):
    """Look every second; returns when silence was said first."""
    for second in range(int(start), int(end)):
        if liveness.is_silent(float(second)):
            return second
    return None


def answer(server, reply=b"HTTP/1.1 200 OK\r\n\r\n"):
    connection, _ = server.accept()
    asked = connection.recv(1000)
    connection.sendall(reply) if reply else None
    connection.close()
    return asked


def test_stuck_process_is_noticed_after_its_last_answer(server):
    liveness = watch(server)
    assert not liveness.is_silent(1.0)
    assert answer(server).startswith(b"GET /health HTTP/1.1\r\nHost: kmf.localhost:8000\r\n")
    assert not liveness.is_silent(2.0)
    assert look_until(liveness, 3, 200) == 2 + PATIENCE_S + 1


def test_first_answer_is_waited_for_longer(server):
    assert look_until(watch(server), 1, 200) == START_PATIENCE_S + 1


def test_closed_connection_is_a_sign_of_life(server):
    liveness = watch(server)
    liveness.is_silent(1.0)
    answer(server, reply=b"")
    liveness.is_silent(2.0)
    assert look_until(liveness, 3, 200) == 2 + PATIENCE_S + 1


def test_answers_keep_it_alive(server):
    liveness = watch(server)
    for second in range(1, 100):
        assert not liveness.is_silent(float(second))
        if (second - 1) % ASK_EVERY_S == 0:
            answer(server)


def test_standstill_of_the_watcher_is_not_held_against_it(server):
    liveness = watch(server)
    liveness.is_silent(1.0)
    answer(server)
    liveness.is_silent(2.0)
    assert not liveness.is_silent(2.0 + 10 * LOOK_GAP_S + PATIENCE_S)


def test_port_without_a_listener_is_silence(server):
    liveness = watch(server)
    server.close()
    assert look_until(liveness, 1, 200) == START_PATIENCE_S + 1
