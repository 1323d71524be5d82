"""One PostgreSQL cluster, one database and role for each trust domain; a role opens its own database only."""

import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from config.embedded.processes import Service
from config.embedded.programs import postgres_programs
from config.embedded.secrets import password
from config.embedded.state import State, make_directory, write_private
from config.embedded.supervisor import ServiceFailed
from config.embedded.users import ServiceUser, as_user, service_user

DOMAINS = ("trusted", "provider")
SUPERUSER = "postgres"
LEAST_SHARED_MEMORY_BYTES = 32_000_000


@dataclass(frozen=True)
class Cluster:
    """A cluster below ``{state}/postgres``.

    Attributes:
        durable: False trades crash safety for speed: tests only.
        testing: the roles may also create and open databases named ``test_…``.

    """

    state: State
    durable: bool = True
    testing: bool = False

    @property
    def data(self) -> Path:
        """The cluster's data directory."""
        return self.state.root / "postgres"

    @property
    def socket_directory(self) -> Path:
        """Directory of the server's Unix socket; there is no TCP listener."""
        return self.state.socket_directory("postgres")

    def url(self, domain: str) -> str:
        """``DATABASE_URL`` of ``domain``, password included."""
        secret = password(self.state, f"postgres-{domain}")
        return f"postgresql://{role(domain)}:{secret}@/{role(domain)}?host={quote(str(self.socket_directory))}"

    def prepare(self) -> Service:
        """Make the cluster if need be, and its configuration; returns the service to start."""
        user = service_user("postgres", self.state)
        for directory, mode in ((self.data, 0o700), (self.socket_directory, 0o755)):
            make_directory(directory, mode)
            if user is not None:
                os.chown(directory, *user.owner)
        if not (self.data / "PG_VERSION").exists():
            self._initialise(user)
        owner = user.owner if user else None
        write_private(self.data / "pg_hba.conf", host_based_rules(testing=self.testing), owner=owner)
        write_private(self.data / "conclave.conf", self._settings(), owner=owner)
        return Service(
            name="postgres",
            command=[str(postgres_programs() / "postgres"), "-D", str(self.data), "-c", f"config_file={self.data}/conclave.conf"],
            environment=_plain_environment(),
            directory=self.data,
            user=user,
            stop_signal=signal.SIGINT,  # fast shutdown: open connections are cut
            orphan_signal=signal.SIGINT,
            stop_s=20,
            outlasts=True,
            ready=self.is_ready,
        )

    def is_ready(self) -> bool:
        """Whether the server takes connections."""
        try:
            self._connect(SUPERUSER).close()
        except psycopg.OperationalError:
            return False
        return True

    def make_databases(self) -> None:
        """Roles and databases of both domains; passwords are set anew at each start."""
        with self._connect(SUPERUSER) as connection:
            for domain in DOMAINS:
                self._make_role(connection, domain)
                exists = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [role(domain)]).fetchone()
                name = sql.Identifier(role(domain))
                if exists is None:
                    connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(name, name))
                connection.execute(sql.SQL("REVOKE CONNECT, TEMPORARY ON DATABASE {} FROM PUBLIC").format(name))

    def _make_role(self, connection: psycopg.Connection, domain: str) -> None:
        name = sql.Identifier(role(domain))
        if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role(domain)]).fetchone() is None:
            connection.execute(sql.SQL("CREATE ROLE {}").format(name))
        rights = sql.SQL("LOGIN NOSUPERUSER NOCREATEROLE {}").format(sql.SQL("CREATEDB" if self.testing else "NOCREATEDB"))
        secret = sql.Literal(password(self.state, f"postgres-{domain}"))
        connection.execute(sql.SQL("ALTER ROLE {} {} PASSWORD {}").format(name, rights, secret))

    def _connect(self, database: str) -> psycopg.Connection:
        return psycopg.connect(
            host=str(self.socket_directory),
            user=SUPERUSER,
            password=password(self.state, "postgres-superuser"),
            dbname=database,
            autocommit=True,
            connect_timeout=5,
        )

    def _initialise(self, user: ServiceUser | None) -> None:
        for path in self.data.iterdir():  # of an initialisation that was cut short
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        secret = self.data.with_name("postgres.password")
        write_private(secret, password(self.state, "postgres-superuser") + "\n", owner=user.owner if user else None)
        command = [str(postgres_programs() / "initdb"), "-D", str(self.data), "-U", SUPERUSER, f"--pwfile={secret}"]
        command += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8"]
        command += [] if self.durable else ["--no-sync"]
        command += [] if _has_shared_memory() else ["-c", "dynamic_shared_memory_type=mmap"]
        try:
            _run_as(user, command, self.data)
        finally:
            secret.unlink()

    def _settings(self) -> str:
        lines = [
            "listen_addresses = ''",
            f"unix_socket_directories = '{self.socket_directory}'",
            f"hba_file = '{self.data}/pg_hba.conf'",
            f"ident_file = '{self.data}/pg_ident.conf'",
            "max_connections = 150",
            "shared_buffers = 128MB",
            "password_encryption = scram-sha-256",
            "timezone = UTC",
            "log_timezone = UTC",
            # A failing statement carries titles, names and addresses, and so does its detail: neither belongs in a log.
            "log_min_error_statement = panic",
            "log_error_verbosity = terse",
            "log_parameter_max_length = 0",
            "log_parameter_max_length_on_error = 0",
        ]
        if not _has_shared_memory():
            lines += ["dynamic_shared_memory_type = mmap"]  # files in the data directory instead
        if not self.durable:
            lines += ["fsync = off", "synchronous_commit = off", "full_page_writes = off"]
        return "\n".join(lines) + "\n"


def role(domain: str) -> str:
    """Name of the domain's role and of its database."""
    return f"conclave_{domain}"


def host_based_rules(*, testing: bool) -> str:
    """``pg_hba.conf``: the superuser everywhere, each role in its own database, nobody else."""
    lines = [f"local all {SUPERUSER} scram-sha-256"]
    for domain in DOMAINS:
        databases = [role(domain)]
        if testing:
            databases += [f"test_{role(domain)}", "postgres"]
        lines.append(f"local {','.join(databases)} {role(domain)} scram-sha-256")
    return "\n".join(lines) + "\n"


def _run_as(user: ServiceUser | None, command: list[str], directory: Path) -> None:
    program = command[0]
    command, switch = as_user(user, command, signal.SIGKILL)
    result = subprocess.run(  # noqa: S603  commands are ours
        command,
        env=_plain_environment(),
        cwd=directory,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        **switch,
    )
    if result.returncode != 0:
        last = "\n".join(result.stdout.strip().splitlines()[-8:])
        message = f"{Path(program).name} ended with {result.returncode}:\n{last}"
        raise ServiceFailed(message)


def _has_shared_memory(place: Path = Path("/dev/shm")) -> bool:  # noqa: S108  the kernel's own place
    """Whether PostgreSQL may keep shared memory where it prefers to; a bare container has little of it or none."""
    try:
        return shutil.disk_usage(place).free >= LEAST_SHARED_MEMORY_BYTES and bool(place.stat().st_mode & 0o002)
    except OSError:
        return False


def _plain_environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C.UTF-8", "TZ": "UTC"}
