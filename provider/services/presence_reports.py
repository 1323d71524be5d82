"""Reports to the KMF: which endpoints' sockets opened and ended. Seats are the outbox; signalling never waits for a report.

A thread sends what is due, in batches, and goes on trying while the KMF is away; then it ends until a seat changes again.
"""

import json
import logging
import threading
import time
from datetime import UTC, datetime
from urllib.parse import urlsplit

import httpx
from django.conf import settings
from django.db import DatabaseError, close_old_connections, transaction
from django.db.models import Q

from protocol import jwks
from protocol.signed_request import sign_request
from provider.models import Seat
from provider.services.own_key import own_key

BATCH = 50  # seats; each is two lines at most
TIMEOUT_S = 3
GATHER_S = 0.2  # what happens together is reported together
LONGEST_PAUSE_S = 30.0
logger = logging.getLogger(__name__)
_UNREPORTED_OPEN = Q(opened_at__isnull=False, reported="")
_UNREPORTED_END = Q(opened_at__isnull=False, ended_at__isnull=False, reported="connected")


def send_due(*, now: datetime) -> bool:
    """Send one batch of what is not reported yet; False where there is nothing.

    Raises:
        httpx.HTTPError: the KMF is away or did not take it; everything of the batch stays due.

    """
    with transaction.atomic():
        due = Seat.objects.filter(_UNREPORTED_OPEN | _UNREPORTED_END).select_for_update(skip_locked=True, of=("self",))
        seats = list(due.select_related("room").order_by("id")[:BATCH])
        if not seats:
            return False
        send_reports([line for seat in seats for line in _lines(seat)], now)
        for seat in seats:
            seat.reported = "connected" if seat.ended_at is None else "disconnected"
        Seat.objects.bulk_update(seats, ["reported"])
    return True


def _lines(seat: Seat) -> list[dict[str, object]]:
    events = [("connected", seat.opened_at)] if seat.reported == "" else []
    events += [("disconnected", seat.ended_at)] if seat.ended_at is not None else []
    name = {"handle": seat.room.handle, "pseudonym": seat.pseudonym}
    return [{**name, "event": event, "at": int(at.timestamp())} for event, at in events if at is not None]


def send_reports(lines: list[dict[str, object]], now: datetime) -> None:
    """Send lines of one report.

    Raises:
        httpx.HTTPError: the KMF is away or did not take it.

    """
    body = json.dumps({"reports": lines}, separators=(",", ":")).encode()
    key = own_key()
    authorization = sign_request(
        key=key,
        kid=jwks.key_id(key.public_key()),
        issuer=settings.PROVIDER_ORIGIN,
        audience=settings.PROVIDER_KMF_ORIGIN,
        method="POST",
        url=f"{settings.PROVIDER_KMF_ORIGIN}/presence",
        body=body,
        now=now,
    )
    kmf = urlsplit(settings.PROVIDER_KMF_ORIGIN)
    headers = {"Authorization": authorization, "Content-Type": "application/json", "Host": kmf.netloc}
    url = f"{settings.PROVIDER_KMF_INTERNAL}/presence"
    with httpx.Client(verify=settings.BACK_CHANNEL_TRUST, timeout=TIMEOUT_S, trust_env=False) as client:
        # The certificate must be the KMF's, whatever the address.
        answer = client.post(url, content=body, headers=headers, extensions={"sni_hostname": kmf.hostname})
    answer.raise_for_status()


class Reporter:
    """The sending thread of this process; it exists only while something is due."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wanted = False
        self._running = False

    def wake(self) -> None:
        """A seat changed. From any thread; returns at once."""
        with self._lock:
            self._wanted = True
            if self._running:
                return
            self._running = True
        threading.Thread(target=self._run, name="presence-reports", daemon=True).start()

    def _run(self) -> None:
        pause = GATHER_S
        while True:
            time.sleep(pause)
            with self._lock:
                self._wanted = False
            pause = GATHER_S if self._sent() else min(LONGEST_PAUSE_S, max(1.0, pause * 2))
            with self._lock:
                if pause == GATHER_S and not self._wanted:
                    self._running = False
                    return

    def _sent(self) -> bool:
        try:
            while send_due(now=datetime.now(UTC)):
                pass
        except (httpx.HTTPError, DatabaseError):
            logger.warning("presence could not be reported now")
            return False
        except Exception:
            logger.exception("presence reports failed")
            return False
        finally:
            close_old_connections()
        return True


REPORTER = Reporter()
