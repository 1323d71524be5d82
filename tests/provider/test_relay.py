"""The real coturn with the provider's configuration and credentials: a way to the MDDs and to nobody else."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as site

from config.embedded.ports import free_port
from provider.mdd import host_address, turn_command, write_turn_config
from provider.models import Room, Seat
from provider.services.turn_credentials import LIFETIME_S, ice_servers
from tests.provider.kmf_stand_in import identifier
from tests.provider.turn_client import TCP, TurnClient

OTHER_MDD = "192.0.2.77"
FORBIDDEN, UNAUTHORIZED, UNSUPPORTED_TRANSPORT = 403, 401, 442
REFUSED_PEERS = [
    "127.0.0.1",
    "127.0.0.53",
    "0.0.0.0",  # noqa: S104  a peer to be refused
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "192.0.2.78",
    "8.8.8.8",
    "224.0.0.1",
    "255.255.255.255",
]


@pytest.fixture(scope="module")
def relay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    directory: Path = tmp_path_factory.mktemp("turn")
    port = free_port(0)
    secret = site.PROVIDER_TURN_SECRET_FILE.read_text().strip()
    addresses = [host_address(), OTHER_MDD]
    write_turn_config(directory, secret=secret, mdd_addresses=addresses, port=port, relay_ports=(38420, 38520))
    with (directory / "log").open("wb") as log, subprocess.Popen(turn_command(directory), stdout=log, stderr=log) as process:  # noqa: S603
        wait_until_it_answers(port)
        yield port
        process.kill()


def wait_until_it_answers(port: int) -> None:
    deadline = time.monotonic() + 20
    while True:
        with closing(TurnClient(port, "nobody", "nothing")) as client:
            try:
                client.allocate()
            except OSError:
                assert time.monotonic() < deadline
                time.sleep(0.1)
            else:
                return


def credentials(now: datetime | None = None) -> tuple[str, str]:
    seat = Seat(room=Room(issuer="http://auth.localhost:8000", handle=identifier()), pseudonym=identifier())
    given: dict[str, Any] = ice_servers(seat=seat, now=now or datetime.now(UTC))[0]
    return given["username"], given["credential"]


@pytest.fixture
def client(relay: int) -> Iterator[TurnClient]:
    with closing(TurnClient(relay, *credentials())) as made:
        assert made.allocate() == 0
        yield made


@pytest.mark.parametrize("peer", REFUSED_PEERS)
def test_any_other_peer_is_refused(client: TurnClient, peer: str) -> None:
    assert client.permit(peer) == FORBIDDEN
    assert client.bind(peer) == FORBIDDEN
    assert client.permit(host_address()) == 0  # the allocation itself is good


def test_each_media_server_may_be_reached(client: TurnClient) -> None:
    assert client.permit(host_address()) == 0
    assert client.bind(host_address()) == 0
    assert client.permit(OTHER_MDD) == 0
    assert client.bind(OTHER_MDD, channel=0x4001) == 0


def test_credentials_end(relay: int) -> None:
    ended = datetime.now(UTC) - timedelta(seconds=LIFETIME_S + 2)
    with closing(TurnClient(relay, *credentials(ended))) as client:
        assert client.allocate() == UNAUTHORIZED


def test_a_later_end_cannot_be_written_into_a_name(relay: int) -> None:
    username, password = credentials()
    expiry, name = username.split(":")
    with closing(TurnClient(relay, f"{int(expiry) + 3600}:{name}", password)) as client:
        assert client.allocate() == UNAUTHORIZED


def test_another_secret_gives_nothing(relay: int) -> None:
    username, _password = credentials()
    with closing(TurnClient(relay, username, "AAAAAAAAAAAAAAAAAAAAAAAAAAA=")) as client:
        assert client.allocate() == UNAUTHORIZED


def test_no_tcp_is_relayed(relay: int) -> None:
    with closing(TurnClient(relay, *credentials())) as client:
        assert client.allocate(transport=TCP) in {UNSUPPORTED_TRANSPORT, 400, FORBIDDEN}
