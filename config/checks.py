"""Deployment rules that settings alone cannot hold (DESIGN section 3)."""

from typing import Any

from django.apps import apps
from django.core.checks import Error, register

TRUSTED = ("kmf", "roster", "conferences")


@register()
def trust_domains_apart(**_kwargs: Any) -> list[Error]:
    """Refuse the provider and a trusted app in one process."""
    if apps.is_installed("provider") and any(apps.is_installed(name) for name in TRUSTED):
        return [Error("provider and a trusted app are installed in one process", id="config.E001")]
    return []
