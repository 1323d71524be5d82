"""The four origins and the addresses behind them (DESIGN section 3)."""

from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from config.env import Environment


@dataclass(frozen=True)
class Origins:
    """Public origins (no trailing slash) and the internal base URLs that back-channel calls use."""

    core: str
    auth: str
    kmf: str
    provider: str
    internal_trusted: str
    internal_provider: str

    @property
    def public(self) -> dict[str, str]:
        """The four origins by name."""
        return {name: getattr(self, name) for name in ("core", "auth", "kmf", "provider")}

    @property
    def secure(self) -> bool:
        """Whether all four are HTTPS; then cookies and headers say so too."""
        return all(origin.startswith("https://") for origin in self.public.values())


def host_of(origin: str) -> str:
    """``host:port`` of an origin, as a Host header says it."""
    return origin.split("//", 1)[1]


def host_name(url: str) -> str:
    """Host name of an origin or internal URL, without its port, lower case."""
    return (urlsplit(url).hostname or "").lower()


def is_local_name(name: str) -> bool:
    """Whether a name can only be this machine by its form: ``localhost`` and everything below it (RFC 6761)."""
    return name == "localhost" or name.endswith(".localhost")


def is_address(host: str) -> bool:
    """Whether a host is an IP address."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Whether a host, by name or address, can only be this machine."""
    return ip_address(host).is_loopback if is_address(host) else is_local_name(host)


def read_origins(env: Environment) -> Origins:
    """Origins from the environment; the defaults are those of development on ``*.localhost``, HTTPS under ``CONCLAVE_TLS``."""
    scheme = "https" if env.flag("CONCLAVE_TLS") else "http"
    port = env.number("CONCLAVE_PORT", 8000)
    provider_port = env.number("CONCLAVE_PROVIDER_PORT", 8100)
    return Origins(
        core=env.text("CONCLAVE_CORE_ORIGIN", f"{scheme}://core.localhost:{port}"),
        auth=env.text("CONCLAVE_AUTH_ORIGIN", f"{scheme}://auth.localhost:{port}"),
        kmf=env.text("CONCLAVE_KMF_ORIGIN", f"{scheme}://kmf.localhost:{port}"),
        provider=env.text("CONCLAVE_PROVIDER_ORIGIN", f"{scheme}://provider.localhost:{provider_port}"),
        internal_trusted=env.text("CONCLAVE_INTERNAL_TRUSTED", f"{scheme}://127.0.0.1:{port}"),
        internal_provider=env.text("CONCLAVE_INTERNAL_PROVIDER", f"{scheme}://127.0.0.1:{provider_port}"),
    )
