"""Addresses that leave the site in pages, mails and calendars. None carries a secret."""

from django.conf import settings


def conference_uri(conference_id: str) -> str:
    """Conference URI ([PERC] 6.1): ``{kmf}/c/{conference_id}``."""
    return f"{settings.ORIGINS.kmf}/c/{conference_id}"


def core_host() -> str:
    """Host name of the core application, without its port."""
    return str(settings.ORIGINS.core).split("//", 1)[1].split(":", 1)[0]
