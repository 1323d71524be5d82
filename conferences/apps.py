"""The core application: scheduling, Conference Session Database, audit UI."""

from django.apps import AppConfig


class ConferencesApp(AppConfig):
    """Core application (trusted)."""

    name = "conferences"
