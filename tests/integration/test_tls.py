"""An instance under HTTPS, seen by a client that trusts its authority, and by those who try to get round it."""

import re
import socket
import ssl
import subprocess
import sys
import warnings
from contextlib import closing
from datetime import UTC, datetime

import httpx
import pytest
from websockets.exceptions import InvalidMessage, InvalidStatus
from websockets.sync.client import connect

from config.embedded.tls_certificates import make_authority, make_leaf
from config.env import ROOT
from tests.real_browsers import run_stack
from tests.scenes import Scene
from tests.stack import Stack

ORIGINS = ("core", "auth", "kmf", "provider")


@pytest.fixture(scope="module")
def stack():
    yield from run_stack(tls=True)


def sign_in(stack: Stack) -> httpx.Client:
    """A client signed in at the auth origin."""
    account = stack.accounts("participant")[0]
    client = stack.http(stack.origins.auth)
    page = client.get("/sign-in").text
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[1]
    form = {"csrfmiddlewaretoken": token, "login": account["email"], "password": account["password"]}
    answer = client.post("/sign-in", data=form, headers={"Origin": stack.origins.auth, "Cookie": cookies_of(client)})
    assert answer.status_code == 302
    return client


def cookies_of(client: httpx.Client) -> str:
    return "; ".join(f"{cookie.name}={cookie.value}" for cookie in client.cookies.jar)


@pytest.mark.parametrize("name", ORIGINS)
def test_every_origin_speaks_https_and_says_that_it_will(stack: Stack, name: str):
    with stack.http(getattr(stack.origins, name)) as client:
        answer = client.get("/ready")
    assert answer.status_code == 200
    assert answer.headers["Strict-Transport-Security"] == "max-age=3600; includeSubDomains"


@pytest.mark.parametrize("host", ["127.0.0.1", "evil.localhost", "core.localhost", "provider.localhost.evil.example"])
def test_a_foreign_host_is_refused(stack: Stack, host: str):
    for origin in (stack.origins.kmf, stack.origins.provider):
        with stack.http(origin) as client:
            answer = client.get("/health", headers={"Host": f"{host}:1"})
        assert answer.status_code in (400, 404) or (host == "127.0.0.1" and origin == stack.origins.provider)
        assert not answer.cookies


def test_plain_http_is_not_served_on_the_port(stack: Stack):
    for port in (stack.port, stack.provider_port):
        with socket.create_connection(("127.0.0.1", port), timeout=5) as line:
            line.sendall(f"GET /health HTTP/1.1\r\nHost: kmf.localhost:{port}\r\n\r\n".encode())
            heard = line.recv(4096)
        assert b"HTTP" not in heard
        assert b"ok" not in heard


def test_old_protocols_are_refused(stack: Stack):
    context = stack.trust
    with warnings.catch_warnings(action="ignore"):  # Python advises against what is tried here
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    with (
        socket.create_connection(("127.0.0.1", stack.port), timeout=5) as line,
        pytest.raises(ssl.SSLError),
        context.wrap_socket(line, server_hostname="kmf.localhost"),
    ):
        pass


@pytest.mark.parametrize("name", ORIGINS)
def test_who_does_not_know_the_authority_does_not_connect(stack: Stack, name: str):
    origin = getattr(stack.origins, name)
    base = stack.origins.internal_provider if name == "provider" else stack.origins.internal_trusted
    with httpx.Client(verify=ssl.create_default_context(), trust_env=False) as client, pytest.raises(httpx.ConnectError):
        client.get(f"{base}/health", extensions={"sni_hostname": httpx.URL(origin).host})


def test_the_provider_cannot_pass_for_the_kmf_nor_the_address_for_either(stack: Stack):
    for name, port in [("kmf", stack.provider_port), ("provider", stack.port), ("127.0.0.1", stack.port)]:
        host = name if name[0].isdigit() else f"{name}.localhost"
        with (
            socket.create_connection(("127.0.0.1", port), timeout=5) as line,
            pytest.raises(ssl.SSLCertVerificationError, match=r"mismatch|not valid for"),
            stack.trust.wrap_socket(line, server_hostname=host),
        ):
            pass


def test_calls_between_the_sites_refuse_another_authority(stack: Stack, tmp_path):
    """The very call by which the provider fetches the KMF's keys, against a server with a stranger's certificate."""
    now = datetime.now(UTC)
    key, certificate = make_leaf(make_authority(now), ["kmf.localhost"], now)
    (tmp_path / "pair.pem").write_text(key + certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "pair.pem")
    genuine = stack.environment() | {"DJANGO_SETTINGS_MODULE": "config.settings.provider"}
    fetch = [sys.executable, "-c", FETCH]
    with socket.create_server(("127.0.0.1", 0)) as server:
        astray = {"CONCLAVE_INTERNAL_TRUSTED": f"https://127.0.0.1:{server.getsockname()[1]}"}
        call = subprocess.Popen(fetch, cwd=ROOT, env=genuine | astray, stderr=subprocess.PIPE, text=True)  # noqa: S603  our own
        server.settimeout(20)
        line, _ = server.accept()
        with line, pytest.raises(ssl.SSLError, match=r"UNKNOWN_CA|unknown ca"):
            context.wrap_socket(line, server_side=True)
        assert "CERTIFICATE_VERIFY_FAILED" in call.communicate(timeout=20)[1]
    subprocess.run(fetch, cwd=ROOT, env=genuine, check=True)  # noqa: S603  our own


def test_presence_is_reported_and_verified_by_https(stack: Stack):
    """Both ways between the sites: the report, and the key that the KMF verifies it with."""
    genuine = stack.environment() | {"DJANGO_SETTINGS_MODULE": "config.settings.provider"}
    subprocess.run([sys.executable, "-c", REPORT], cwd=ROOT, env=genuine, check=True)  # noqa: S603  our own
    with stack.connect("trusted") as database:
        told = "SELECT count(*) FROM conferences_auditentry WHERE event = 'presence.unknown'"
        assert database.execute(told).fetchone() == (1,)


REPORT = """
import datetime, django
django.setup()
from provider.services.presence_reports import send_reports
line = {"handle": "A" * 22, "pseudonym": "A" * 22, "event": "connected", "at": 1}
send_reports([line], datetime.datetime.now(datetime.UTC))
"""
FETCH = "import django; django.setup(); from provider.services.kmf_keys import fetch_keys; assert fetch_keys()"


def test_cookies_belong_to_their_host_alone(stack: Stack):
    with closing(sign_in(stack)) as client:
        set_cookies = {cookie.name: cookie for cookie in client.cookies.jar}
        assert set(set_cookies) == {"__Host-sessionid", "__Host-csrftoken", "__Host-known"}
        for cookie in set_cookies.values():
            assert cookie.secure
            assert cookie.path == "/"
            assert not cookie.domain_specified
            assert cookie.has_nonstandard_attr("HttpOnly")
            assert cookie.get_nonstandard_attr("SameSite") == "Lax"
        account = client.get("/", headers={"Cookie": cookies_of(client)})
        assert account.status_code == 200


def test_a_session_under_a_name_that_a_sibling_could_set_opens_nothing(stack: Stack):
    with closing(sign_in(stack)) as client:
        key = client.cookies["__Host-sessionid"]
        client.cookies.clear()
        for name in ("sessionid", "__Secure-sessionid", "__host-sessionid"):
            answer = client.get("/", headers={"Cookie": f"{name}={key}"})
            assert answer.status_code == 302, name
            assert answer.headers["Location"].startswith("/sign-in")
        for odd in (b"\xa0", b"\xc2\xa0"):
            disguised = odd + f"__Host-sessionid={key}".encode()
            assert client.get("/", headers={b"Cookie": disguised}).status_code == 302, odd
            beside = f"__Host-sessionid={key}; ".encode() + odd + b"__Host-sessionid=planted"
            assert client.get("/", headers={b"Cookie": beside}).status_code == 200, odd
        assert client.get("/", headers={b"Cookie": f"\x85__Host-sessionid={key}".encode("latin-1")}).status_code == 400
        assert client.get("/", headers={"Cookie": f"sessionid=planted; __Host-sessionid={key}"}).status_code == 200


def test_a_form_with_a_planted_csrf_cookie_or_from_a_sibling_is_refused(stack: Stack):
    account = stack.accounts("participant")[1]
    token = "a" * 32
    form = {"csrfmiddlewaretoken": token, "login": account["email"], "password": account["password"]}
    with stack.http(stack.origins.auth) as client:
        planted = {"Origin": stack.origins.auth, "Cookie": f"csrftoken={token}"}
        assert client.post("/sign-in", data=form, headers=planted).status_code == 403
        for origin in (stack.origins.core, stack.origins.auth.replace("https", "http"), "null"):
            sibling = {"Origin": origin, "Cookie": f"__Host-csrftoken={token}"}
            assert client.post("/sign-in", data=form, headers=sibling).status_code == 403, origin
        assert "__Host-sessionid" not in client.cookies


def test_a_header_that_only_a_proxy_may_send_is_not_believed(stack: Stack):
    with stack.http(stack.origins.auth) as client:
        answer = client.get("/sign-in", headers={"X-Forwarded-Proto": "http"})
    assert answer.headers["Strict-Transport-Security"]


def test_sockets_are_encrypted_and_plain_ones_do_not_open(stack: Stack):
    person = Scene.schedule(stack).person("participant", 0).sign_in()
    assert person.ask_for_key().status_code == 200
    with person.open_socket() as line:
        person.hello(line)
        assert person.hear(line, "welcome")["source_id"]
    address = f"kmf.localhost:{stack.port}/conferences/{person.conference_id}/events"
    with socket.create_connection(("127.0.0.1", stack.port)) as raw, pytest.raises(InvalidMessage):
        connect(f"ws://{address}", sock=raw, proxy=None, open_timeout=5)


def test_a_socket_for_another_page_is_refused_and_its_line_closed(stack: Stack):
    """The server's goodbye comes with its answer, and it keeps the line until the goodbye is answered."""
    person = Scene.schedule(stack).person("participant", 1).sign_in()
    assert person.ask_for_key().status_code == 200
    with pytest.raises(InvalidStatus, match="403"):
        person.open_socket(origin=stack.origins.core)
    with person.open_socket() as line:
        person.hello(line)
        assert person.hear(line, "welcome")["seq"] == 1


def test_the_same_state_goes_on_by_plain_http(stack: Stack):
    """The last test here: the instance stays plain."""
    stack.stop(keep_state=True)
    stack.become(tls=False)
    stack.start()
    with stack.http(stack.origins.auth) as client:
        answer = client.get("/sign-in")
    assert answer.status_code == 200
    assert "Strict-Transport-Security" not in answer.headers
    assert set(answer.cookies) == {"csrftoken"}
    person = Scene.schedule(stack).person("participant", 0).sign_in()
    assert person.ask_for_key().status_code == 200
