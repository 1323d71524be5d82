"""Configuration of coturn: a relay whose only peers are the MDDs.

Credentials are time-limited: the user name is ``{expiry}:{name}``, the password its HMAC-SHA1 under a shared secret.
Of the user name coturn counts the quota by ``name`` alone.
"""

from collections.abc import Sequence
from pathlib import Path

from provider.mdd.private_file import write_private_file

_TURN = """\
listening-ip={listening_address}
listening-port={port}
relay-ip={relay_address}
min-port={first_port}
max-port={last_port}
realm=conference-provider
use-auth-secret
static-auth-secret={secret}
fingerprint
stale-nonce=600
# One page takes 4 to 8 allocations; those of a page that crashed stay for ten minutes.
user-quota=32
total-quota={total_quota}
no-tls
no-dtls
no-tcp-relay
no-multicast-peers
no-rfc5780
no-software-attribute
no-cli
# Everything is denied, then the MDDs are allowed: the relay is no way into this network.
denied-peer-ip=0.0.0.0-255.255.255.255
denied-peer-ip=::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff
{allowed}
userdb={directory}/turndb
pidfile={directory}/turn.pid
log-file=stdout
simple-log
"""


def write_turn_config(
    directory: Path,
    *,
    secret: str,
    mdd_addresses: Sequence[str],
    listening_address: str = "127.0.0.1",
    relay_address: str | None = None,
    port: int = 3478,
    relay_ports: tuple[int, int] = (21000, 21999),
) -> None:
    """Write ``turnserver.conf`` into ``directory`` (mode 0700, file 0600).

    Args:
        directory: where the file goes; also given to `turn_command`.
        secret: shared secret of the time-limited credentials.
        mdd_addresses: the only peers that may be reached through the relay.
        listening_address: where endpoints reach the relay.
        relay_address: from where it speaks to the MDD; the first MDD's own address where both share a host.
        port: UDP and TCP port for endpoints.
        relay_ports: first and last UDP port of the relayed side.

    """
    text = _TURN.format(
        listening_address=listening_address,
        port=port,
        relay_address=relay_address or mdd_addresses[0],
        first_port=relay_ports[0],
        last_port=relay_ports[1],
        total_quota=relay_ports[1] - relay_ports[0] + 1,  # each allocation holds a port
        secret=secret,
        allowed="\n".join(f"allowed-peer-ip={address}" for address in mdd_addresses),
        directory=directory.resolve(),
    )
    write_private_file(directory / "turnserver.conf", text)


def turn_command(directory: Path) -> list[str]:
    """Command that runs coturn in the foreground with the configuration in ``directory``, logging to its output."""
    return ["turnserver", "-c", str(directory.resolve() / "turnserver.conf")]
