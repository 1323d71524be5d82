"""The audit goes to a receiver in order, at least once; a receiver that is away loses nothing and delays nobody."""

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from conferences.models import AuditCursor, Organisation
from conferences.services.audit import Fact, record_all
from conferences.services.audit_forward import forward_due
from conferences.services.audit_tree import extend_tree
from config.embedded.tls_certificates import make_authority, make_leaf
from tests.authority import authority

pytestmark = pytest.mark.requirement("AUDIT-4")


def write(organisation: Organisation, now: datetime, count: int) -> None:
    record_all(facts=[Fact("audit.viewed", {"list": "ü]\n"}) for _ in range(count)], at=now, actor="x", organisation=organisation)
    extend_tree(now=now)


@contextmanager
def stream_receiver(*, hang_up_after: int | None = None) -> Iterator[tuple[str, list[bytes]]]:
    """A syslog receiver over TCP with octet counting; ``hang_up_after`` bytes it resets the connection."""
    got: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)

        def serve() -> None:
            line, _ = server.accept()
            with line:
                data = b""
                while chunk := line.recv(hang_up_after or 65_536):
                    data += chunk
                    if hang_up_after:
                        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
                        return
                while data:
                    length, _, data = data.partition(b" ")
                    got.append(data[: int(length)])
                    data = data[int(length) :]

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"tcp://127.0.0.1:{server.getsockname()[1]}", got
        thread.join()


def numbers(messages: list[bytes]) -> list[int]:
    return [json.loads(json.loads(one.split(b"\xef\xbb\xbf", 1)[1])["body"])["number"] for one in messages]


def test_tcp_takes_everything_once(organisation: Organisation, now: datetime) -> None:
    write(organisation, now, 700)
    with stream_receiver() as (url, first):
        pass_one = forward_batch(url, now)
    with stream_receiver() as (url, second):
        pass_two = forward_batch(url, now)
    assert (pass_one, pass_two) == (500, 200)
    assert numbers(first + second) == list(range(1, 701))
    head = first[0].split(b"\xef\xbb\xbf")[0].decode()
    assert head.startswith("<109>1 2026-11-23T12:00:00.000000Z ")
    assert head.endswith('audit.viewed [conclave@32473 chain="organisation:weaver" number="1" leaf="0"] ')


def forward_batch(url: str, now: datetime) -> int:
    """One connection's worth: the receivers here take one connection each."""
    from conferences.services import audit_forward  # noqa: PLC0415  beside its only use

    return audit_forward._forward_batch(url, now)


def test_a_receiver_that_is_away_loses_nothing(organisation: Organisation, now: datetime) -> None:
    write(organisation, now, 3)
    with socket.create_server(("127.0.0.1", 0)) as server:
        nobody = f"tcp://127.0.0.1:{server.getsockname()[1]}"
    assert forward_due(receiver=nobody, now=now) == 0
    assert AuditCursor.objects.get().last_error == "ConnectionRefusedError"
    with stream_receiver(hang_up_after=10) as (url, got):
        assert forward_due(receiver=url, now=now) == 0
    assert got == []
    assert AuditCursor.objects.get().next_leaf == 0
    with stream_receiver() as (url, got):
        assert forward_due(receiver=url, now=now) == 3
    assert numbers(got) == [1, 2, 3]
    assert (AuditCursor.objects.get().next_leaf, AuditCursor.objects.get().last_error) == (3, "")


@pytest.fixture
def certificates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """``server.pem`` of a receiver called ``siem.localhost``; its authority is the only one that this process trusts."""
    key, certificate = make_leaf(authority(), ["siem.localhost"], datetime.now(UTC))
    (tmp_path / "server.pem").write_text(key + certificate)
    (tmp_path / "ca.pem").write_text(authority().certificate_pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    return tmp_path / "server.pem"


@contextmanager
def tls_receiver(certificate: Path, *, says_goodbye: bool = True) -> Iterator[tuple[int, list[bytes]]]:
    """A syslog receiver by RFC 5425; it answers the sender's ``close_notify``, or cuts the line."""
    got: list[bytes] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)

        def serve() -> None:
            plain, _ = server.accept()
            plain.settimeout(10)
            with plain, suppress(OSError), context.wrap_socket(plain, server_side=True, suppress_ragged_eofs=False) as line:
                data = b""
                while says_goodbye and (chunk := line.recv(65_536)):
                    data += chunk
                if says_goodbye:
                    line.unwrap()
                while data:
                    length, _, data = data.partition(b" ")
                    got.append(data[: int(length)])
                    data = data[int(length) :]

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1], got
        thread.join()


def test_tls_takes_everything_once(
    organisation: Organisation, now: datetime, certificates: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(organisation, now, 40)
    with tls_receiver(certificates) as (port, got):
        at_loopback(monkeypatch)
        assert forward_due(receiver=f"tls://siem.localhost:{port}", now=now) == 40
    assert numbers(got) == list(range(1, 41))


@pytest.mark.parametrize(
    "name", ["another.localhost", "siem.localhost"], ids=["a certificate for another name", "nobody trusts it"]
)
def test_a_tls_receiver_that_is_not_the_right_one_gets_nothing(
    organisation: Organisation, now: datetime, certificates: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    write(organisation, now, 3)
    if name == "siem.localhost":
        (certificates.parent / "ca.pem").write_text(make_authority(datetime.now(UTC)).certificate_pem)
    with tls_receiver(certificates) as (port, got):
        at_loopback(monkeypatch)
        assert forward_due(receiver=f"tls://{name}:{port}", now=now) == 0
    assert got == []
    assert (AuditCursor.objects.get().next_leaf, AuditCursor.objects.get().last_error) == (0, "SSLCertVerificationError")


def test_a_tls_receiver_that_cuts_the_line_gets_it_again(
    organisation: Organisation, now: datetime, certificates: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(organisation, now, 3)
    at_loopback(monkeypatch)
    with tls_receiver(certificates, says_goodbye=False) as (port, got):
        assert forward_due(receiver=f"tls://siem.localhost:{port}", now=now) == 0
    assert AuditCursor.objects.get().next_leaf == 0
    with tls_receiver(certificates) as (port, got):
        assert forward_due(receiver=f"tls://siem.localhost:{port}", now=now) == 3
    assert numbers(got) == [1, 2, 3]


def at_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Resolve ``*.localhost`` as a browser does; this system's resolver does not."""
    ask = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda _host, *more, **named: ask("127.0.0.1", *more, **named))


def test_udp(organisation: Organisation, now: datetime) -> None:
    write(organisation, now, 3)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(5)
        assert forward_due(receiver=f"udp://127.0.0.1:{receiver.getsockname()[1]}", now=now) == 3
        assert numbers([receiver.recv(65_536) for _ in range(3)]) == [1, 2, 3]


def test_file_and_local_socket(organisation: Organisation, now: datetime, tmp_path: Path) -> None:
    write(organisation, now, 2)
    file = tmp_path / "siem.jsonl"
    assert forward_due(receiver=f"file://{file}", now=now) == 2
    write(organisation, now, 1)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(str(tmp_path / "log"))
        assert forward_due(receiver=f"unix://{tmp_path}/log", now=now) == 1
        assert numbers([receiver.recv(65_536)]) == [3]
    assert [json.loads(line)["leaf"] for line in file.read_text().splitlines()] == [0, 1]


@pytest.mark.parametrize("url", ["", "http://127.0.0.1:1"], ids=["none", "unknown kind"])
def test_no_receiver(organisation: Organisation, now: datetime, url: str) -> None:
    write(organisation, now, 1)
    assert forward_due(receiver=url, now=now) == 0
    assert not AuditCursor.objects.filter(next_leaf__gt=0).exists()
