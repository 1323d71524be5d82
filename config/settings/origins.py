"""The four origins and the addresses behind them (DESIGN section 3)."""

from dataclasses import dataclass

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


def host_of(origin: str) -> str:
    """``host:port`` of an origin, as a Host header says it."""
    return origin.split("//", 1)[1]


def read_origins(env: Environment) -> Origins:
    """Origins from the environment; the defaults are those of development on ``*.localhost``."""
    port = env.number("CONCLAVE_PORT", 8000)
    provider_port = env.number("CONCLAVE_PROVIDER_PORT", 8100)
    return Origins(
        core=env.text("CONCLAVE_CORE_ORIGIN", f"http://core.localhost:{port}"),
        auth=env.text("CONCLAVE_AUTH_ORIGIN", f"http://auth.localhost:{port}"),
        kmf=env.text("CONCLAVE_KMF_ORIGIN", f"http://kmf.localhost:{port}"),
        provider=env.text("CONCLAVE_PROVIDER_ORIGIN", f"http://provider.localhost:{provider_port}"),
        internal_trusted=env.text("CONCLAVE_INTERNAL_TRUSTED", f"http://127.0.0.1:{port}"),
        internal_provider=env.text("CONCLAVE_INTERNAL_PROVIDER", f"http://127.0.0.1:{provider_port}"),
    )
