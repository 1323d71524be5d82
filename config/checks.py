"""Deployment rules that settings alone cannot hold (DESIGN sections 3 and 4). The sites refuse to start where one is broken."""

from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register, run_checks  # noqa: A004  Django's name
from django.core.exceptions import ImproperlyConfigured
from publicsuffixlist import PublicSuffixList

from config.settings.origins import host_name, is_address, is_local_name, is_loopback

TRUSTED = ("kmf", "roster", "conferences")
TAG = "conclave"


@register(TAG)
def trust_domains_apart(**_kwargs: Any) -> list[CheckMessage]:
    """Refuse the provider and a trusted app in one process."""
    if apps.is_installed("provider") and any(apps.is_installed(name) for name in TRUSTED):
        return [Error("provider and a trusted app are installed in one process", id="config.E001")]
    return []


@register(TAG)
def origins_encrypted(**_kwargs: Any) -> list[CheckMessage]:
    """Refuse a public origin by plain HTTP, unless its name can only be this machine."""
    return [
        Error(
            f"{origin} is not HTTPS; plain HTTP is for *.localhost alone",
            hint=f"Set CONCLAVE_{name.upper()}_ORIGIN to its https:// address.",
            id="config.E002",
        )
        for name, origin in settings.ORIGINS.public.items()
        if not origin.startswith("https://") and not is_local_name(host_name(origin))
    ]


@register(TAG)
def provider_on_another_site(**_kwargs: Any) -> list[CheckMessage]:
    """Refuse a provider under the registrable domain of a trusted origin: it would be same-site, and could plant cookies."""
    origins = settings.ORIGINS
    if is_local_name(host_name(origins.provider)):
        return []
    suffixes = PublicSuffixList()  # the snapshot that the package brings; nothing is fetched
    foreign = _site(suffixes, origins.provider)
    return [
        Error(
            f"the provider ({origins.provider}) is same-site with {origin}",
            hint="Give the provider a registrable domain of its own.",
            id="config.E003",
        )
        for name, origin in origins.public.items()
        if name != "provider" and _site(suffixes, origin) == foreign
    ]


@register(TAG)
def back_channel_encrypted(**_kwargs: Any) -> list[CheckMessage]:
    """Warn of internal addresses that send tokens and public keys over a network in clear."""
    internal = {
        "CONCLAVE_INTERNAL_TRUSTED": settings.ORIGINS.internal_trusted,
        "CONCLAVE_INTERNAL_PROVIDER": settings.ORIGINS.internal_provider,
    }
    return [
        Warning(f"{variable} is plain HTTP beyond this machine", hint="Use an https:// address.", id="config.W001")
        for variable, url in internal.items()
        if not url.startswith("https://") and not is_loopback(host_name(url))
    ]


@register(TAG)
def proxy_known(**_kwargs: Any) -> list[CheckMessage]:
    """Warn where requests of HTTPS origins would pass for plain ones: then no form is taken and HSTS is not sent."""
    if settings.ORIGINS.secure and not settings.ENDS_TLS and settings.SECURE_PROXY_SSL_HEADER is None:
        hint = "Set CONCLAVE_TRUSTED_PROXIES to the number of proxies that end TLS in front of this process."
        return [Warning("origins are HTTPS, and nothing tells that requests came by it", hint=hint, id="config.W002")]
    return []


def refuse_errors() -> None:
    """Let no process serve a composition that one of these checks calls an error.

    Raises:
        ImproperlyConfigured: one does.

    """
    errors = [message for message in run_checks(tags=[TAG]) if message.is_serious()]
    if errors:
        raise ImproperlyConfigured("; ".join(f"{error.id}: {error.msg}" for error in errors))


def _site(suffixes: PublicSuffixList, origin: str) -> str:
    """Registrable domain of an origin; the host itself where it has none (an address, a bare name, a public suffix)."""
    name = host_name(origin).rstrip(".")
    return name if is_address(name) else suffixes.privatesuffix(name) or name
