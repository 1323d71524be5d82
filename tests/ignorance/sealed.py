"""Opening what the KMF has sealed, as whoever holds the root key's file can: to know the bytes that must be nowhere else."""

import base64
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from kmf.crypto.seal import associated_data, unseal
from kmf.crypto.secret_bytes import SecretBytes
from tests.stack import Stack


def root_key(stack: Stack) -> bytes:
    return base64.b64decode((stack.state.root / "trusted/secrets/root.key").read_text())


def keys_of(stack: Stack, conference_id: str) -> tuple[list[bytes], list[bytes]]:
    """EKT keys of every epoch that is not destroyed; and the conference's key, its day's key, the present member secrets."""
    with stack.connect("trusted") as database:
        day, sealed = database.execute(
            "SELECT day, sealed FROM kmf_conferencekey WHERE conference_id = %s", (conference_id,)
        ).fetchone()  # type: ignore[misc]
        epochs = database.execute(
            "SELECT number, key_id, sealed_key FROM kmf_epoch WHERE conference_id = %s AND sealed_key IS NOT NULL",
            (conference_id,),
        ).fetchall()
        members = database.execute(
            "SELECT source_id, sealed_member_secret FROM kmf_endpoint JOIN roster_membership ON membership_id = id"
            " WHERE kmf_endpoint.conference_id = %s AND sealed_member_secret IS NOT NULL",
            (conference_id,),
        ).fetchall()
    path = stack.state.root / "trusted/day-keys" / f"{day.isoformat()}.key"
    root = SecretBytes(root_key(stack))
    day_key = unseal(root, path.read_bytes(), data=associated_data(purpose="day key", owner=day.isoformat()))
    conference_key = unseal(day_key, sealed, data=associated_data(purpose="conference key", owner=conference_id))
    ekt_keys = [
        unseal(conference_key, key, data=associated_data(purpose="EKT key", owner=conference_id, epoch=number, key_id=key_id))
        for number, key_id, key in epochs
    ]
    secrets = [
        unseal(conference_key, secret, data=associated_data(purpose="member secret", owner=conference_id, epoch=source_id))
        for source_id, secret in members
    ]
    assert ekt_keys
    assert secrets
    return [key.expose() for key in ekt_keys], [key.expose() for key in (day_key, conference_key, *secrets)]


def private_values(path: Path) -> list[bytes | str]:
    """A signing key's private number, and its line in the PEM file."""
    key = load_pem_private_key(path.read_bytes(), None)
    line = path.read_text().splitlines()[1]
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return [key.private_bytes_raw(), line]
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return [key.private_numbers().private_value.to_bytes(32, "big"), line[20:]]
