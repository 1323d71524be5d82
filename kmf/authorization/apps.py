"""The Authorization Module as a Django app; its label names the tables and ``AUTH_USER_MODEL``."""

from django.apps import AppConfig


class AuthorizationApp(AppConfig):
    """Authorization Module (trusted)."""

    name = "kmf.authorization"
    label = "authorization"
    default = True
