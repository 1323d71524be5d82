"""Checks of the sites, asked as others ask them: origins, readiness, the provider and its clock."""

import socket
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import httpx

from config.doctor.finding import ERROR, OK, WARNING, Finding, Situation
from config.doctor.parts import clock
from config.env import MissingSetting
from config.settings.transport import back_channel_trust

NAMES = ("core", "auth", "kmf", "provider")
WAIT_S = 3.0


def origins(situation: Situation) -> Iterator[Finding]:
    """The four origins differ, are well-formed, fit each other, and their names lead somewhere."""
    parts = {name: urlsplit(getattr(situation.origins, name)) for name in NAMES}
    malformed = [name for name, part in parts.items() if part.scheme not in ("http", "https") or not part.hostname or part.path]
    for name in malformed:
        yield Finding(ERROR, f"origin of {name} is malformed", f"set CONCLAVE_{name.upper()}_ORIGIN to https://host, no path")
    hosts = [part.hostname for part in parts.values()]
    if len(set(hosts)) < len(hosts):
        yield Finding(ERROR, "two origins share a host name", "give core, auth, kmf and provider a host name each")
    if len({part.scheme for part in parts.values()}) > 1:
        yield Finding(ERROR, "some origins are http, some https: browsers block the mixture", "use https for all four")
    lost = [host for host in hosts if host and not _resolves(host)]
    for host in lost:
        yield Finding(WARNING, f"{host} does not resolve here", "add it to the DNS (or to /etc/hosts while you try it)")
    if not malformed and not lost:
        yield Finding(OK, "origins are well-formed and resolve")


def readiness(situation: Situation) -> Iterator[Finding]:
    """Each trusted origin says what is away."""
    for name in ("core", "auth", "kmf"):
        yield from _ready(situation, name, situation.origins.internal_trusted)


def provider(situation: Situation) -> Iterator[Finding]:
    """The provider answers, says what is away, and has our time."""
    origin, base = situation.origins.provider, situation.origins.internal_provider
    try:
        answer = _ask(situation, origin, f"{base}/health")
    except (httpx.HTTPError, MissingSetting) as error:
        mend = "media and joining wait for it; if it is yours: make run; else ask its operator, check CONCLAVE_INTERNAL_PROVIDER"
        yield Finding(ERROR, f"provider at {base} does not answer ({type(error).__name__})", mend)
        return
    yield Finding(OK, f"provider at {base} answers")
    if "Date" in answer.headers:
        yield from clock("the provider's clock", parsedate_to_datetime(answer.headers["Date"]).timestamp() - time.time())
    yield from _ready(situation, "provider", base)


def _ready(situation: Situation, name: str, base: str) -> Iterator[Finding]:
    try:
        answer = _ask(situation, getattr(situation.origins, name), f"{base}/ready")
        away = [part for part, state in answer.json()["dependencies"].items() if state != "ok"]
    except (httpx.HTTPError, MissingSetting) as error:
        log = situation.state.log("provider" if name == "provider" else "trusted")
        yield Finding(ERROR, f"{name} does not answer ({type(error).__name__})", f"see {log}; make run")
    except (ValueError, KeyError, TypeError):
        yield Finding(ERROR, f"{name}: something else answers at {base}", "check CONCLAVE_PORT and the proxy's Host header")
    else:
        text = f"{name} is missing: {', '.join(away)}"
        yield Finding(WARNING, text, "see the lines above and the site's log") if away else Finding(OK, f"{name} is ready")


def _ask(situation: Situation, origin: str, url: str) -> httpx.Response:
    """Ask an internal address as the back channel does: under the origin's name, trusting whom the site trusts."""
    name = urlsplit(origin)
    with httpx.Client(timeout=WAIT_S, trust_env=False, verify=back_channel_trust(situation.trusted)) as client:
        return client.get(url, headers={"Host": name.netloc}, extensions={"sni_hostname": name.hostname})


def _resolves(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):  # browsers resolve these by themselves
        return True
    try:
        socket.getaddrinfo(host, None)
    except OSError:
        return False
    return True
