"""Whom an address is counted as: one IPv4 address, or the 64-bit prefix of an IPv6 one, which is what one customer gets.

Spec: RFC 6177; RFC 4291 section 2.5.5.2 (an IPv4 address within an IPv6 one is that IPv4 address).
"""

from io import BytesIO
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Any

from allauth.account.adapter import get_adapter
from django.core.exceptions import PermissionDenied
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest

_PREFIX_BITS = 64


def client_network(request: HttpRequest) -> str:
    """Network of the client of ``request``, behind as many proxies as are configured."""
    return network_of(str(get_adapter().get_client_ip(request)))


def network_of_socket(scope: dict[str, Any]) -> str:
    """The same for a socket's handshake, which comes by HTTP."""
    try:
        return client_network(ASGIRequest({**scope, "type": "http", "method": "GET"}, BytesIO()))
    except PermissionDenied:  # it did not come by the proxy that there should be
        return network_of(str((scope.get("client") or ["unknown"])[0]))


def network_of(address: str) -> str:
    """``address`` as it is counted; what is no address stays what it is."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if not isinstance(found, IPv6Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(IPv6Network((int(found), _PREFIX_BITS), strict=False))
