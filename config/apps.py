"""The composition as an app, for its system checks."""

from django.apps import AppConfig


class ConfigApp(AppConfig):
    """Composition root."""

    name = "config"

    def ready(self) -> None:
        """Register the checks."""
        from config import checks  # noqa: F401, PLC0415  registration by import, when apps are ready
