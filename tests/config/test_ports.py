"""Ports: a promised one that is taken is said plainly, the others give way."""

import socket

import pytest

from config.embedded.ports import PortTaken, check_free, derived_ports, distinct_ports, free_port, media_ranges


@pytest.fixture
def taken():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_taken_port_is_named_with_the_variable_that_moves_it(taken):
    with pytest.raises(PortTaken, match=rf"{taken}.*CONCLAVE_PORT"):
        check_free(taken, "CONCLAVE_PORT")


def test_taken_preference_gives_way(taken):
    other = free_port(taken)
    assert other != taken
    check_free(other, "X")


def test_free_preference_is_kept():
    port = free_port(0)
    assert free_port(port) == port


@pytest.mark.parametrize("port", [1024, 8100, 9100, 65535])
def test_media_ranges_are_apart_and_below_ephemeral_ports(port):
    rtp, relay = media_ranges(port)
    assert 1024 < rtp[0] < rtp[1] < relay[0] < relay[1] < 32768


def test_two_usual_instances_have_ranges_of_their_own():
    assert media_ranges(8100) != media_ranges(9100)


def test_several_ports_are_all_different(taken):
    found = distinct_ports([taken, taken, 0])
    assert len(set(found)) == 3
    assert taken not in found


@pytest.mark.parametrize("apart", [1, -1, 9, 10, 78, 79, 88, 89, -79, -88])
def test_an_instance_gets_ports_that_are_all_different_however_its_own_two_lie(apart):
    port, mdds = 18100, 3
    found = derived_ports(port, port + apart, mdds=mdds)
    every = [port, port + apart, found.valkey, found.turn, *found.janus]
    assert len(set(every)) == len(every) == 4 + mdds


def test_usual_ports_are_kept_where_they_are_free():
    found = derived_ports(18400, 18500, mdds=2)
    assert (found.valkey, found.turn, found.janus) == (18479, 18578, (18588, 18589))


def test_one_port_for_both_sites_is_refused_by_the_names_of_both_settings():
    with pytest.raises(PortTaken, match=r"CONCLAVE_PORT and CONCLAVE_PROVIDER_PORT"):
        derived_ports(8000, 8000, mdds=1)
