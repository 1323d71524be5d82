"""The conference provider: call processing, MDD control."""

from django.apps import AppConfig


class ProviderApp(AppConfig):
    """The conference provider: call processing, MDD control."""

    name = "provider"
