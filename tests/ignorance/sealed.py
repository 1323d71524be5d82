"""Opening what the KMF has sealed, as whoever holds the root key's file can: to know the bytes that must be nowhere else."""

import base64
from pathlib import Path
from types import SimpleNamespace

from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django.test import override_settings

from kmf.crypto.seal import associated_data, unseal
from kmf.services.conference_keys import conference_key
from kmf.services.day_keys import day_key
from tests.stack import Stack


def root_key(stack: Stack) -> bytes:
    return base64.b64decode((stack.state.root / "trusted/secrets/root.key").read_text())


def keys_of(stack: Stack, conference_id: str) -> tuple[list[bytes], list[bytes]]:
    """EKT keys of every epoch that is not destroyed; and the conference's key, its day's key, the present member secrets."""
    with stack.connect("trusted") as database:
        (day,) = database.execute("SELECT day FROM kmf_conferencekey WHERE conference_id = %s", (conference_id,)).fetchone()  # type: ignore[misc]
        epochs = database.execute(
            "SELECT number, key_id, sealed_key FROM kmf_epoch WHERE conference_id = %s AND sealed_key IS NOT NULL",
            (conference_id,),
        ).fetchall()
        members = database.execute(
            "SELECT source_id, sealed_member_secret FROM kmf_endpoint JOIN roster_membership ON membership_id = id"
            " WHERE kmf_endpoint.conference_id = %s AND sealed_member_secret IS NOT NULL",
            (conference_id,),
        ).fetchall()
    trusted = stack.state.root / "trusted"
    places = {"KMF_DAY_KEYS_DIR": trusted / "day-keys", "KMF_ROOT": "file:secrets/root.key"}
    with override_settings(**places, ENV=SimpleNamespace(directory=trusted)):
        above, own = day_key(day), conference_key(conference_id)
    ekt_keys = [
        unseal(own, key, data=associated_data(purpose="EKT key", owner=conference_id, epoch=number, key_id=key_id))
        for number, key_id, key in epochs
    ]
    secrets = [
        unseal(own, secret, data=associated_data(purpose="member secret", owner=conference_id, epoch=source_id))
        for source_id, secret in members
    ]
    assert ekt_keys
    assert secrets
    return [key.expose() for key in ekt_keys], [key.expose() for key in (above, own, *secrets)]


def private_values(path: Path) -> list[bytes | str]:
    """A signing key's private number, and its line in the PEM file."""
    key = load_pem_private_key(path.read_bytes(), None)
    line = path.read_text().splitlines()[1]
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return [key.private_bytes_raw(), line]
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return [key.private_numbers().private_value.to_bytes(32, "big"), line[20:]]
