"""The endpoint page's text and the headers of everything that it loads (DESIGN section 9), for one installation.

What outsiders compare (``endpoint_release``) is made here, and so is what is served: they cannot differ.
"""

from functools import cache
from pathlib import Path

from django.conf import settings
from django.template.loader import render_to_string

from endpoint_release.installation import Installation
from endpoint_release.manifest import integrity
from kmf.services.endpoint_modules import PAGE_MODULE, WORKER_MODULE, endpoint_modules
from protocol import base64url
from roster.services.signing_key import roster_public_key

STYLES_DIRECTORY = Path(__file__).resolve().parents[2] / "static" / "style"
SHEETS = ("conclave.css", "endpoint.css")
ICON = "mark.svg"
PERMISSIONS_OF_PAGE = (
    "camera",
    "microphone",
    "display-capture",
    "speaker-selection",
    "fullscreen",
    "screen-wake-lock",
    "autoplay",
)
PERMISSIONS_OF_NOBODY = (
    "accelerometer",
    "clipboard-read",
    "geolocation",
    "gyroscope",
    "hid",
    "identity-credentials-get",
    "local-fonts",
    "magnetometer",
    "midi",
    "payment",
    "picture-in-picture",
    "publickey-credentials-create",
    "publickey-credentials-get",
    "serial",
    "usb",
    "xr-spatial-tracking",
)
_EVERYWHERE = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
_OF_SCRIPTS = _EVERYWHERE | {"Cross-Origin-Resource-Policy": "same-origin", "Cache-Control": "no-cache"}
STYLE_HEADERS = {"X-Content-Type-Options": "nosniff"}  # whose browsers check the integrity that the page names


@cache
def this_installation() -> Installation:
    """What the page names here; read once a process."""
    origins = settings.ORIGINS
    key = base64url.encode(roster_public_key())
    return Installation(kmf=origins.kmf, auth=origins.auth, provider=origins.provider, core=origins.core, roster_key=key)


@cache
def style_hashes() -> dict[str, str]:
    """Integrity of the page's styles and icon by path, read at start."""
    return {f"/static/style/{name}": integrity((STYLES_DIRECTORY / name).read_bytes()) for name in (*SHEETS, ICON)}


def page_text(installation: Installation) -> str:
    """The page, the same for every conference, existing or not."""
    modules = endpoint_modules()
    context = {
        "origins": installation,
        "roster_key": installation.roster_key,
        "import_map": modules.import_map,
        "main": modules.modules[PAGE_MODULE],
        "preloads": modules.page,
        "styles": [(path, value) for path, value in style_hashes().items() if path.endswith(".css")],
    }
    return render_to_string("endpoint/page.html", context)


def page_headers(installation: Installation) -> dict[str, str]:
    """Headers of the page."""
    return _EVERYWHERE | {
        "Content-Security-Policy": page_policy(installation),
        "Permissions-Policy": permissions_policy(),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Origin-Agent-Cluster": "?1",
        "X-Frame-Options": "DENY",
        "Cache-Control": "no-store",
        "Content-Type": "text/html; charset=utf-8",
    }


def module_headers(installation: Installation, name: str) -> dict[str, str]:
    """Headers of a module; the worker's has a policy of its own."""
    policy = worker_policy(installation) if name == WORKER_MODULE else "default-src 'none'"
    return _OF_SCRIPTS | {"Content-Security-Policy": policy, "Content-Type": "text/javascript; charset=utf-8"}


def page_policy(installation: Installation) -> str:
    """Content security policy of the endpoint page: scripts by hash only, no origin."""
    directives = (
        "default-src 'none'",
        f"script-src {endpoint_modules().script_sources}",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "worker-src 'self'",
        f"frame-src {installation.provider} {installation.core}",
        "frame-ancestors 'none'",
        "form-action 'none'",
        "base-uri 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types conclave-worker",
    )
    return "; ".join(directives)


def worker_policy(installation: Installation) -> str:
    """Content security policy of the worker: without one of its own it would be bound by none.

    ``'self'`` covers ``ws:`` of the same host in current browsers; the socket's origin is named for those where it does not.
    """
    directives = (
        "default-src 'none'",
        "script-src 'self'",
        f"connect-src 'self' {installation.socket}",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
    return "; ".join(directives)


def permissions_policy() -> str:
    """Camera, microphone and screen for the page itself, nothing for any frame."""
    own = [f"{name}=(self)" for name in PERMISSIONS_OF_PAGE]
    return ", ".join(own + [f"{name}=()" for name in PERMISSIONS_OF_NOBODY])
