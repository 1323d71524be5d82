"""Certificates of an instance that speaks HTTPS by itself (``CONCLAVE_TLS=1``): one local authority, one leaf for each domain.

The authority's key never leaves ``{state}/secrets`` (mode 0600), which no process but the supervisor reads, and its
certificate is good for ``*.localhost`` alone: whoever trusts it trusts nothing else by it.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from config.embedded.state import State, write_private
from config.embedded.tls_certificates import Authority, Unusable, make_authority, make_leaf
from config.settings.origins import Origins, host_name, is_local_name

NAMES = {"trusted": ("core", "auth", "kmf"), "provider": ("provider",)}  # origins that each domain's process answers for


class NotLocal(RuntimeError):
    """An origin is not one that local certificates can be made for."""


@dataclass(frozen=True)
class Certificates:
    """Where the authority, keys and certificates of one instance lie."""

    state: State

    @property
    def authority(self) -> Path:
        """The authority's certificate, for browsers and other clients to trust. Everybody may read it."""
        return self.state.root / "ca.pem"

    def known_to(self, domain: str) -> Path:
        """Return the same certificate where the processes of ``domain`` can read it."""
        return self.state.root / domain / "ca.pem"

    def make(self, origins: Origins, now: datetime) -> bool:
        """Make what is missing, worn or for other names; what still holds is kept.

        Returns:
            Whether the authority is a new one, which browsers have yet to trust.

        Raises:
            NotLocal: an origin is not ``https`` on ``*.localhost``.

        """
        check_local(origins)
        authority, is_new = self._authority(now)
        for domain, names in NAMES.items():
            hosts = sorted({host_name(getattr(origins, name)) for name in names})
            self._make_leaf(domain, hosts, authority, now)
            write_private(self.known_to(domain), authority.certificate_pem)
        return is_new

    def endpoint(self, domain: str, port: int) -> str:
        """Where the server of ``domain`` listens, as Twisted describes an endpoint: HTTPS and nothing else, TLS 1.2 or later."""
        files = {"privateKey": self._key(domain), "certKey": self._leaf(domain), "extraCertChain": self.known_to(domain)}
        described = [f"{name}={_quoted(str(path))}" for name, path in files.items()]
        return ":".join(["ssl", str(port), "interface=127.0.0.1", *described])

    def uvicorn_options(self, domain: str) -> list[str]:
        """The same for uvicorn."""
        return ["--ssl-keyfile", str(self._key(domain)), "--ssl-certfile", str(self._leaf(domain))]

    def _authority(self, now: datetime) -> tuple[Authority, bool]:
        key = self.state.root / "secrets" / "tls-ca.key"
        try:
            return Authority.read(key.read_text(), self.authority.read_text(), now), False
        except (FileNotFoundError, Unusable):
            made = make_authority(now)
        write_private(key, made.key_pem)
        write_private(self.authority, made.certificate_pem)
        self.authority.chmod(0o644)
        return made, True

    def _make_leaf(self, domain: str, hosts: list[str], authority: Authority, now: datetime) -> None:
        try:
            authority.check_leaf(self._key(domain).read_text(), self._leaf(domain).read_text(), hosts, now)
        except (FileNotFoundError, Unusable):
            key, certificate = make_leaf(authority, hosts, now)
            write_private(self._key(domain), key)
            write_private(self._leaf(domain), certificate)

    def _key(self, domain: str) -> Path:
        return self.state.root / domain / "secrets" / "tls.key"

    def _leaf(self, domain: str) -> Path:
        return self.state.root / domain / "tls.pem"


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace(":", "\\:")


def check_local(origins: Origins) -> None:
    """Check that every origin is ``https`` on a name below ``localhost``.

    Raises:
        NotLocal: one is not; the message says what to do.

    """
    for name, origin in origins.public.items():
        if not origin.startswith("https://") or not is_local_name(host_name(origin)):
            message = (
                f"TLS=1 makes certificates for https://*.localhost only, and CONCLAVE_{name.upper()}_ORIGIN is {origin}; "
                "leave it out, or end TLS in a proxy (docs/operate.md)"
            )
            raise NotLocal(message)
