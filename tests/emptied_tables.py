"""What becomes of the database after a test that commits: every row that a test can have made is deleted.

Django truncates every table and makes its content types and permissions anew, a third of a second for each test. Here a table is
emptied by one statement, all in one transaction, as foreign keys are checked at its end; what every migrated database has stays.
"""

from functools import cache

from django.db import connections, transaction
from django.test import TransactionTestCase

OF_EVERY_DATABASE = {"django_migrations", "django_content_type", "auth_permission"}


def empty_tables(case: TransactionTestCase) -> None:
    """In place of ``TransactionTestCase._fixture_teardown``. Waits, as truncation does, for what other threads have begun."""
    for alias in case._databases_names(include_mirrors=False):
        with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
            cursor.execute(_statements(alias))


@cache
def _statements(alias: str) -> str:
    connection = connections[alias]
    names = connection.introspection.django_table_names(only_existing=True, include_views=False)
    quoted = [connection.ops.quote_name(name) for name in names if name not in OF_EVERY_DATABASE]
    emptied = [f"DELETE FROM {name}" for name in quoted]  # noqa: S608  Django's own names
    return "; ".join([f"LOCK TABLE {', '.join(quoted)} IN ACCESS EXCLUSIVE MODE", *emptied])
