"""The session's services are the real ones, and a domain's role opens its own database only."""

import psycopg
import pytest
import redis
from django.conf import settings
from django.db import connection

from config.embedded.postgres import Cluster
from config.embedded.state import State


@pytest.mark.django_db
def test_database_is_postgresql_18():
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        assert cursor.fetchone()[0].startswith("18.")


def test_valkey_answers_with_its_password_only():
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        assert client.ping()
    without = settings.REDIS_URL.split("@")[1]
    with redis.Redis.from_url(f"redis://{without}") as client, pytest.raises(redis.AuthenticationError):
        client.ping()


@pytest.mark.parametrize(("domain", "other"), [("trusted", "provider"), ("provider", "trusted")])
def test_role_opens_its_own_database_only(state_directory, domain, other):
    url = Cluster(State(state_directory)).url(domain)
    psycopg.connect(url).close()
    with pytest.raises(psycopg.OperationalError, match="pg_hba"):
        psycopg.connect(url, dbname=f"conclave_{other}")
