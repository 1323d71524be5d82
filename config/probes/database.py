"""The site's own database."""

import psycopg
from django.db import DatabaseError, connection

from config.probes.look import Away


def check_database() -> None:
    """Check that the database answers a query. Runs on a thread of its own and gives the connection back.

    Raises:
        Away: it does not.

    """
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except (DatabaseError, psycopg.Error):
        raise Away("database does not answer") from None
    finally:
        connection.close()
