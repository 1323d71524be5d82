"""A scene: one running conference of a :class:`Stack`, with the people who may be in it, and what was written about it."""

import base64
import json
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from protocol import base64url
from tests.simulators.person import Person
from tests.stack import Stack


@dataclass
class Scene:
    """One conference, put straight into the Conference Session Database (the story test schedules one as a person does)."""

    stack: Stack
    conference_id: str
    handle: str

    @classmethod
    def schedule(
        cls, stack: Stack, *, ends_in_s: float = 3600, grace_min: int = 15, title: str = "Scene", **policy: str
    ) -> "Scene":
        """A conference of this minute that invites all demo participants; ``policy``: ``on_join``, ``admission``, ``sign_in``."""
        now = datetime.now(UTC)
        conference_id, handle = secrets.token_urlsafe(16), secrets.token_urlsafe(16)
        starts_at = now + timedelta(seconds=ends_in_s) - timedelta(minutes=60)
        initiator = stack.accounts("initiator")[0]
        with stack.connect("trusted") as database:
            organisation = database.execute("SELECT id FROM conferences_organisation ORDER BY id LIMIT 1").fetchone()
            assert organisation is not None
            database.execute(
                "INSERT INTO conferences_conference (id, organisation_id, handle, title, initiator_identity, initiator_name,"
                " time_zone, starts_at, duration_min, early_min, grace_min, on_join, past_access, ttl_s, rekey_s, capacity,"
                " sequence, created_at, end_reason, admission, sign_in) VALUES (%s,%s,%s,%s,%s,'Initiator','UTC',%s,60,15,%s,"
                "%s,'none',600,300,1000,0,%s,'',%s,%s)",
                (
                    conference_id,
                    organisation[0],
                    handle,
                    title,
                    initiator["email"],
                    starts_at,
                    grace_min,
                    policy.get("on_join", "rekey"),
                    now,
                    policy.get("admission", "invited"),
                    policy.get("sign_in", "any"),
                ),
            )
            for account in [*stack.accounts("initiator"), *stack.accounts("participant")]:
                role = "initiator" if account["role"] == "initiator" else "participant"
                database.execute(
                    "INSERT INTO conferences_participant (organisation_id, conference_id, identity, name, role, kind, pseudonym,"
                    " invited_at, invited_by) VALUES (%s,%s,%s,'',%s,'person',%s,%s,'Initiator')",
                    (organisation[0], conference_id, account["email"], role, secrets.token_urlsafe(16), now),
                )
        return cls(stack, conference_id, handle)

    def another(self) -> "Scene":
        return Scene.schedule(self.stack)

    @property
    def uri(self) -> str:
        return f"{self.stack.origins.kmf}/c/{self.conference_id}"

    def person(self, role: str, index: int, *, conference_id: str | None = None) -> Person:
        return Person(self.stack, self.stack.accounts(role)[index], conference_id or self.conference_id)

    def withdraw(self, email: str) -> None:
        with self.stack.connect("trusted") as database:
            database.execute(
                "UPDATE conferences_participant SET withdrawn_at = now() WHERE conference_id = %s AND identity = %s",
                (self.conference_id, email),
            )

    # --- what was written --------------------------------------------------------------------------------------------

    def epochs(self) -> list[tuple[int, str]]:
        """Number and state of every epoch, rising."""
        with self.stack.connect("trusted") as database:
            rows = database.execute(
                "SELECT number, state FROM kmf_epoch WHERE conference_id = %s ORDER BY number", (self.conference_id,)
            )
            return [(int(number), state) for number, state in rows]

    def audit(self, event: str | None = None) -> list[dict[str, Any]]:
        """Entries of the conference's chain, oldest first."""
        with self.stack.connect("trusted") as database:
            rows = database.execute(
                "SELECT body FROM conferences_auditentry WHERE chain = %s ORDER BY number", (self.conference_id,)
            ).fetchall()
        entries = [json.loads(body) for (body,) in rows]
        return [entry for entry in entries if event is None or entry["event"] == event]

    def strangers(self) -> list[dict[str, Any]]:
        """``key.denied`` entries of the organisation's chain, oldest first."""
        with self.stack.connect("trusted") as database:
            rows = database.execute(
                "SELECT body FROM conferences_auditentry WHERE event = 'key.denied' AND chain <> %s ORDER BY id",
                (self.conference_id,),
            ).fetchall()
        return [json.loads(body) for (body,) in rows]

    def roster_key(self) -> bytes:
        """The KMF's statement key, as the endpoint page names it (32 bytes)."""
        with self.stack.http(self.stack.origins.kmf) as client:
            page = client.get(f"/c/{self.conference_id}").text
        found = re.search(r'data-roster-key="([^"]+)"', page)
        assert found is not None
        return base64url.decode(found[1], length=32)

    def last_refusal(self) -> str:
        """Reason of the newest ``request.refused`` of any chain."""
        with self.stack.connect("trusted") as database:
            row = database.execute(
                "SELECT body FROM conferences_auditentry WHERE event = 'request.refused' ORDER BY id DESC LIMIT 1"
            ).fetchone()
        assert row is not None
        reason: str = json.loads(row[0])["details"]["reason"]
        return reason

    @staticmethod
    def claims_of(token: str) -> dict[str, Any]:
        payload = token.split(".")[1]
        claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return claims
