"""The release that this process serves: its manifest, and who signed it.

A note that does not fit the code stops the process: nobody serves under a releaser's name what he did not release.
"""

import hmac
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django.conf import settings
from django.db import transaction

from conferences.models import AuditEntry
from conferences.services import audit
from endpoint_release import DEVELOPMENT, RELEASE
from endpoint_release.errors import NoteWrong
from endpoint_release.installation import Installation
from endpoint_release.manifest import Manifest, digest
from endpoint_release.note import open_note, parse_note, read_key, sign_note
from kmf.services.endpoint_modules import PAGE_MODULE, WORKER_MODULE, endpoint_modules
from kmf.services.endpoint_page import STYLE_HEADERS, module_headers, page_headers, page_text, style_hashes

EVENT = "endpoint.release_served"


class ReleaseMismatch(RuntimeError):
    """The release note is not of this code, or not of the releaser's key. Raised at start, not at a request."""


@dataclass(frozen=True, slots=True)
class ServedRelease:
    """``manifest`` and ``note`` are the bytes that are served; ``signed_by`` names keys, ``development``, or nobody."""

    manifest: bytes
    note: bytes | None
    signed_by: str

    @property
    def hash(self) -> str:
        """Hex SHA-256 of the manifest."""
        return digest(self.manifest).hex()


def this_manifest() -> Manifest:
    """What the code of this process serves, in the form that is the same for every installation."""
    form = Installation.placeholders()
    headers = {
        "page": page_headers(form),
        "worker": module_headers(form, WORKER_MODULE),
        "module": module_headers(form, PAGE_MODULE),
        "style": STYLE_HEADERS,
    }
    return Manifest(
        version=RELEASE,
        modules={name: module.integrity for name, module in endpoint_modules().modules.items()},
        styles=style_hashes(),
        headers={kind: {name.lower(): value for name, value in table.items()} for kind, table in headers.items()},
        page=page_text(form),
    )


@cache
def served_release() -> ServedRelease:
    """Manifest and note of this process, made at the first call (the URL configuration makes it, so at start).

    Raises:
        ReleaseMismatch: there is a release note, and it is not of this code or not by the configured key; or there is none,
            though a key is configured.

    """
    manifest = this_manifest().encode()
    if settings.ENDPOINT_RELEASE_NOTE.is_file():
        return _released(manifest, settings.ENDPOINT_RELEASE_NOTE.read_bytes())
    if settings.ENDPOINT_RELEASE_KEY:
        message = f"{settings.ENDPOINT_RELEASE_NOTE.name} is missing, though a release key is configured"
        raise ReleaseMismatch(message)
    if settings.DEVELOPMENT_RELEASE_KEY_FILE.is_file():
        note = sign_note(version=RELEASE, digest=digest(manifest), name=DEVELOPMENT, key=_development_key())
        return ServedRelease(manifest, note.encode(), DEVELOPMENT)
    return ServedRelease(manifest, None, "nobody")


def _released(manifest: bytes, note: bytes) -> ServedRelease:
    try:
        found = parse_note(note.decode(errors="replace"))
        if settings.ENDPOINT_RELEASE_KEY:
            found = open_note(found.text, read_key(settings.ENDPOINT_RELEASE_KEY))
    except NoteWrong as error:
        message = f"{settings.ENDPOINT_RELEASE_NOTE.name}: {error}"
        raise ReleaseMismatch(message) from None
    if not hmac.compare_digest(found.digest, digest(manifest)):
        message = f"{settings.ENDPOINT_RELEASE_NOTE.name} is the note of another release than this code"
        raise ReleaseMismatch(message)
    return ServedRelease(manifest, note, ", ".join(found.signers))


def _development_key() -> Ed25519PrivateKey:
    key = load_pem_private_key(settings.DEVELOPMENT_RELEASE_KEY_FILE.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ReleaseMismatch("development-release.pem is not an Ed25519 key")
    return key


@transaction.atomic
def record_release(*, now: datetime) -> bool:
    """Put the hash of what is served into the audit tree, unless it is what was recorded last. Whether it was written."""
    served = served_release()
    details = {"manifest": served.hash, "release": RELEASE, "signed_by": served.signed_by}
    last = AuditEntry.objects.filter(chain=audit.chain_name(), event=EVENT).order_by("-number").first()
    if last is not None and f'"manifest":"{served.hash}"' in last.body and f'"signed_by":"{served.signed_by}"' in last.body:
        return False
    audit.record(event="endpoint.release_served", at=now, actor="system", details=details)
    return True
