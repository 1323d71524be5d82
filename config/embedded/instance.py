"""One instance: everything it consists of, in the order in which it must start."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from config.embedded import sites
from config.embedded.demo_file import demo_accounts
from config.embedded.environment import write_environment
from config.embedded.liveness import Liveness
from config.embedded.media import Media
from config.embedded.owners import hand_over
from config.embedded.ports import check_free, derived_ports
from config.embedded.postgres import DOMAINS, Cluster
from config.embedded.preflight import check_media_programs
from config.embedded.secrets import make_secrets
from config.embedded.state import State
from config.embedded.supervisor import Supervisor
from config.embedded.tls import Certificates
from config.embedded.users import check_services_can_run
from config.embedded.valkey import Valkey
from config.embedded.wait import wait_until_ready
from config.settings.origins import Origins, host_of

DATABASE_TIMEOUT_S = 60  # crash recovery included


@dataclass(frozen=True)
class Instance:
    """What ``make run`` brings up.

    Attributes:
        state: where it keeps everything.
        origins: its four origins.
        port: the trusted sites' port.
        provider_port: the provider's.
        say: takes one line of progress.
        mdds: how many media servers.
        tls: whether both sites speak HTTPS themselves, by certificates of a local authority.

    """

    state: State
    origins: Origins
    port: int
    provider_port: int
    supervisor: Supervisor
    say: Callable[[str], None]
    tls: bool = False
    mdds: int = 1

    def start(self) -> None:
        """Bring everything up and wait until every origin is ready.

        Raises:
            PortTaken: a promised port is in use, or both are the same.
            ServiceFailed: a part ended or was not ready in time.
            MediaMissing: Janus or coturn is not installed.
            NotReady: an origin is not ready in time.
            NotLocal: under TLS an origin is not one of ``*.localhost``.

        """
        check_media_programs()
        ports = derived_ports(self.port, self.provider_port, mdds=self.mdds)
        check_free(self.port, "CONCLAVE_PORT")
        check_free(self.provider_port, "CONCLAVE_PROVIDER_PORT")
        self.state.make_directories()
        check_services_can_run(self.state)
        make_secrets(self.state, mdds=self.mdds)
        certificates = self._make_certificates()

        self.say("PostgreSQL and Valkey")
        cluster = Cluster(self.state)
        valkey = Valkey(self.state, ports.valkey)
        media = Media(self.state, self.provider_port, ports.janus, ports.turn)
        self.supervisor.start(cluster.prepare(), timeout_s=DATABASE_TIMEOUT_S)
        self.supervisor.start(valkey.prepare())
        cluster.make_databases()
        self._write_environments(cluster, valkey, media, certificates)

        self.say("migrations and accounts")
        with demo_accounts(self.state):
            hand_over(self.state)
            self.supervisor.run(*sites.preparation(self.state))

        self.say("media servers, sites and workers")
        for service in media.prepare():
            self.supervisor.start(service)
        provider = sites.listening("provider", self.provider_port, certificates)
        trusted = sites.listening("trusted", self.port, certificates)
        self.supervisor.start(
            sites.provider_site(self.state, provider, Liveness(self.provider_port, host_of(self.origins.provider)))
        )
        self.supervisor.start(sites.trusted_site(self.state, trusted, Liveness(self.port, host_of(self.origins.kmf))))
        for service in sites.workers(self.state):
            self.supervisor.start(service)
        authority = None if certificates is None else certificates.authority
        wait_until_ready(self.origins, check_alive=self.supervisor.check_alive, authority=authority)

    def _make_certificates(self) -> Certificates | None:
        if not self.tls:
            return None
        certificates = Certificates(self.state)
        if certificates.make(self.origins, datetime.now(UTC)):
            self.say(f"new certificate authority: {certificates.authority}")
        return certificates

    def _write_environments(self, cluster: Cluster, valkey: Valkey, media: Media, certificates: Certificates | None) -> None:
        ports = {"CONCLAVE_PORT": str(self.port), "CONCLAVE_PROVIDER_PORT": str(self.provider_port)}
        ports["CONCLAVE_TLS"] = "1" if certificates is not None else "0"
        own = {
            "trusted": {"REDIS_URL": valkey.url},
            "provider": {
                "CONCLAVE_JANUS_URL": media.janus_urls,
                "CONCLAVE_TURN_ADDRESS": f"127.0.0.1:{media.turn_port}",
            },
        }
        for domain in DOMAINS:
            if certificates is not None:
                own[domain]["CONCLAVE_CA_FILE"] = str(certificates.known_to(domain))
            write_environment(self.state, domain, ports | {"DATABASE_URL": cluster.url(domain)} | own[domain])
