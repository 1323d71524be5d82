"""Valkey (the Redis protocol) on a loopback port with a password. Broker and hints only: nothing is true only there."""

import os
from dataclasses import dataclass
from pathlib import Path

import redis

from config.embedded.owners import give
from config.embedded.processes import Service
from config.embedded.programs import valkey_server
from config.embedded.secrets import password
from config.embedded.state import State, make_directory, write_private
from config.embedded.users import service_user


@dataclass(frozen=True)
class Valkey:
    """The server and where it listens."""

    state: State
    port: int

    @property
    def url(self) -> str:
        """``REDIS_URL``, password included."""
        return f"redis://:{password(self.state, 'valkey')}@127.0.0.1:{self.port}/0"

    def prepare(self) -> Service:
        """Write its configuration; returns the service to start."""
        directory = self.state.root / "valkey"
        make_directory(directory, 0o700)
        user = service_user("valkey", self.state)
        configuration = directory / "valkey.conf"
        write_private(configuration, self._settings(directory))
        if user is not None:
            give(directory, *user.owner)
        return Service(
            name="valkey",
            command=[str(valkey_server()), str(configuration)],
            environment={"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C.UTF-8"},
            directory=directory,
            user=user,
            outlasts=True,
            ready=self.is_ready,
        )

    def is_ready(self) -> bool:
        """Whether it answers a ping."""
        with redis.Redis.from_url(self.url, socket_timeout=2, socket_connect_timeout=2) as client:
            try:
                return bool(client.ping())
            except redis.RedisError:
                return False

    def _settings(self, directory: Path) -> str:
        lines = [
            "bind 127.0.0.1",
            f"port {self.port}",
            f"requirepass {password(self.state, 'valkey')}",
            f'dir "{directory}"',
            "appendonly yes",
            "appendfsync everysec",
            'save ""',
            "maxmemory 256mb",
            "maxmemory-policy noeviction",
            "daemonize no",
            "rename-command DEBUG ''",
        ]
        return "\n".join(lines) + "\n"
