"""Key Management Function."""

from django.apps import AppConfig


class KMFApp(AppConfig):
    """Key Management Function (trusted)."""

    name = "kmf"
