"""Whom an address is counted as."""

import pytest

from kmf.authorization.addresses import network_of, network_of_socket


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        pytest.param("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", True, id="one customer's 64 bits"),
        pytest.param("2001:db8:1:2::1", "2001:db8:1:3::1", False, id="the next customer"),
        pytest.param("::ffff:192.0.2.1", "192.0.2.1", True, id="IPv4 within IPv6"),
        pytest.param("::ffff:192.0.2.1", "::ffff:192.0.2.2", False, id="two of IPv4 within IPv6"),
        pytest.param("192.0.2.1", "192.0.2.2", False, id="two of IPv4"),
        pytest.param("2001:DB8:1:2:0:0:0:1", "2001:db8:1:2::9", True, id="written otherwise"),
        pytest.param("unknown", "unknown", True, id="no address"),
    ],
)
def test_addresses_are_counted_as_their_network(one, other, same):
    assert (network_of(one) == network_of(other)) == same


def test_a_socket_behind_a_proxy_is_its_clients(settings):
    scope = {
        "path": "/conferences/x/events",
        "headers": [(b"x-forwarded-for", b"2001:db8:1:2::7"), (b"host", b"kmf.localhost")],
        "client": ("10.0.0.1", 1),
        "query_string": b"",
    }
    assert network_of_socket(scope) == "10.0.0.1"
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    assert network_of_socket(scope) == "2001:db8:1:2::/64"
    assert network_of_socket({**scope, "headers": []}) == "10.0.0.1"  # not by the proxy
