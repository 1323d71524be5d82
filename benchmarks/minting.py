"""Endpoints that already hold a token: accounts, invitations, grants and access tokens, made by the product's own code.

Run inside the state of a running system, with the trusted settings:
``python -m benchmarks.minting COUNT CONFERENCES`` prints a JSON list with, for each conference, its id and COUNT endpoints: DPoP
key (PEM), access token and refresh token.
"""

import json
import sys
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import django

LIFETIME = timedelta(hours=2)


def mint(count: int) -> dict[str, Any]:
    """One open conference and ``count`` invited accounts, each with a token1 of five minutes."""
    from django.db import transaction

    from conferences.models import Conference, Organisation, Participant
    from kmf.authorization.models import Account

    now = datetime.now(UTC)
    organisation = Organisation.objects.order_by("pk").first()
    with transaction.atomic():
        conference = Conference.objects.create(
            organisation=organisation,
            title="Thousand endpoints",
            initiator_identity="initiator@benchmark.example",
            initiator_name="Initiator",
            time_zone="UTC",
            starts_at=now - timedelta(minutes=1),
            duration_min=120,
            capacity=count + 100,
            created_at=now,
        )
        names = [f"{conference.pk.lower()}-{number}" for number in range(count)]
        accounts = Account.objects.bulk_create(
            [
                Account(email=f"{name}@benchmark.example", name=f"Endpoint {name[-4:]}", organisation=organisation)
                for name in names
            ]
        )
        Participant.objects.bulk_create(
            Participant(
                organisation=organisation,
                conference=conference,
                identity=account.email,
                name=account.name,
                invited_at=now,
                invited_by="Initiator",
            )
            for account in accounts
        )
    endpoints = [_endpoint(account, conference.pk, now) for account in accounts]
    return {"conference": conference.pk, "endpoints": endpoints}


def _endpoint(account: Any, conference_id: str, now: datetime) -> dict[str, str]:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from django.conf import settings
    from django.db import transaction

    from kmf.authorization.models import Application, Grant
    from kmf.authorization.validator import Validator
    from protocol.thumbprint import public_jwk, thumbprint

    key = ec.generate_private_key(ec.SECP256R1())
    client = Application.objects.get(client_id="endpoint")
    with transaction.atomic():
        validator = Validator(now=now, resource=settings.ORIGINS.kmf)
        validator.grant = Grant.objects.create(
            user=account,
            organisation=account.organisation,
            application=client,
            code=account.pk,
            code_expires_at=now,
            expires=now + LIFETIME,
            redirect_uri=f"{settings.ORIGINS.kmf}/callback",
            scope=f"conference:{conference_id}",
            resource=[settings.ORIGINS.kmf],
            dpop_jkt=thumbprint(public_jwk(key.public_key())),
            auth_time=now,
            amr=["pwd"],
            acr="company",
        )
        token = validator.make_access_token(SimpleNamespace())
        given = {"access_token": token, "refresh_token": f"benchmark-{account.pk}"}
        validator.save_bearer_token(given, SimpleNamespace(client=client))
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
    return {"key": pem, "token": token, "refresh_token": given["refresh_token"]}


if __name__ == "__main__":
    django.setup()
    print(json.dumps([mint(int(sys.argv[1])) for _ in range(int(sys.argv[2]))]))
