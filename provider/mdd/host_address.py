"""The IPv4 address at which this host's media devices can be reached when nothing else is configured.

Janus never offers a loopback interface, so even on one machine media needs an address of another interface. What the
browsers of the same machine send there does not leave it.
"""

import fcntl
import ipaddress
import socket
import struct
from pathlib import Path

_SIOCGIFADDR = 0x8915  # Linux, netdevice(7)
_ADDRESS = slice(20, 24)  # of struct ifreq, behind family and port


def host_address() -> str:
    """Address of the interface of the default route, else of any other interface but loopback.

    Raises:
        OSError: there is no such interface.

    """
    names = [name for _, name in socket.if_nameindex()]
    preferred = _default_interface()
    for name in sorted(names, key=lambda name: name != preferred):
        address = _address_of(name)
        if address is not None and not ipaddress.ip_address(address).is_loopback:
            return address
    raise OSError("no network interface for media (Janus does not use loopback)")


def _default_interface() -> str | None:
    for line in Path("/proc/net/route").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[1] == "00000000":
            return fields[0]
    return None


def _address_of(name: str) -> str | None:
    request = struct.pack("256s", name.encode()[:15])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            return socket.inet_ntoa(fcntl.ioctl(probe.fileno(), _SIOCGIFADDR, request)[_ADDRESS])
        except OSError:  # an interface that is down or has no IPv4 address
            return None
