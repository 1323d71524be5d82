"""The conference application's modules and the headers that hold it."""

from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings

PERMISSIONS_POLICY = "camera=(), microphone=(), display-capture=(), geolocation=(), fullscreen=()"


def content_security_policy() -> str:
    """CSP of the frame. ``'self'`` means nothing to a sandboxed document, so the origin is named."""
    origin = settings.PROVIDER_ORIGIN
    scheme = "wss" if urlsplit(origin).scheme == "https" else "ws"
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src {origin}",
            f"connect-src {origin} {scheme}://{urlsplit(origin).netloc}",
            f"frame-ancestors {settings.PROVIDER_KMF_ORIGIN}",
            "base-uri 'none'",
            "form-action 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
            "sandbox allow-scripts",
        ]
    )


@lru_cache(maxsize=1)
def modules() -> dict[str, bytes]:
    """Every module by file name, read once; nothing else of the folder is ever served."""
    return {path.name: path.read_bytes() for path in Path(dict(settings.STATICFILES_DIRS)["provider"]).glob("*.js")}
