"""What an ID token says, as far as it counts here. Its issuer, audience, signature and end were verified before.

Spec: OpenID Connect Core 1.0 sections 2 and 3.1.3.7; RFC 8176.
"""

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from kmf.authorization.company.configuration import CompanyProvider
from kmf.authorization.company.errors import CompanyRefused

_WORD = re.compile(r"[a-z]{2,5}", re.ASCII)
_WORDS_SHOWN = 4
_MOST_GROUPS = 2000
SUBJECT_MAX, SID_MAX = 255, 255
_NAME_MAX, _ADDRESS_MAX = 200, 254


@dataclass(frozen=True)
class CompanyClaims:
    """Who it is, and how and when he signed in there.

    ``email`` is empty where it cannot be relied on, ``sid`` where the provider does not name its session.
    """

    subject: str
    email: str
    name: str
    groups: frozenset[str]
    signed_in_at: datetime
    amr: tuple[str, ...]
    sid: str = ""


def read_claims(provider: CompanyProvider, claims: Mapping[str, Any], *, nonce: str) -> CompanyClaims:
    """Read the claims of a verified ID token.

    Raises:
        CompanyRefused: it answers another request, or does not say who it is or when he signed in.

    """
    if claims.get("iss") != provider.issuer:
        raise CompanyRefused("failed", "ID token of another issuer")
    if claims.get("aud") not in (provider.client_id, [provider.client_id]):
        raise CompanyRefused("failed", "ID token for others, too")
    if not hmac.compare_digest(str(claims.get("nonce")).encode(), nonce.encode()):
        raise CompanyRefused("failed", "ID token answers another request")
    subject, signed_in_at = claims.get("sub"), claims.get("auth_time")
    if not isinstance(subject, str) or not 0 < len(subject) <= SUBJECT_MAX:
        raise CompanyRefused("failed", "ID token without a subject")
    if not isinstance(signed_in_at, int) or isinstance(signed_in_at, bool) or signed_in_at < 0:
        # Asked for with max_age. Without it a session of weeks would look like a sign-in of this moment.
        raise CompanyRefused("failed", "ID token does not say when the sign-in was")
    return CompanyClaims(
        subject=subject,
        email=_email(provider, claims),
        name=str(claims.get("name") or "")[:_NAME_MAX].strip(),
        groups=_groups(claims.get(provider.groups_claim)),
        signed_in_at=datetime.fromtimestamp(signed_in_at, tz=UTC),
        amr=_amr(provider, claims),
        sid=_sid(claims.get("sid")),
    )


def _sid(sid: Any) -> str:
    """Name of the session there (OpenID Connect Back-Channel Logout 2.1). One that cannot be kept must not open anything."""
    if sid is None:
        return ""
    if not isinstance(sid, str) or not 0 < len(sid) <= SID_MAX or "\0" in sid:
        raise CompanyRefused("failed", "ID token names a session that cannot be kept")
    return sid


def _email(provider: CompanyProvider, claims: Mapping[str, Any]) -> str:
    email = claims.get("email")
    if not isinstance(email, str) or len(email) > _ADDRESS_MAX or email.count("@") != 1:
        return ""
    return email.strip().lower() if provider.trusts_addresses or claims.get("email_verified") is True else ""


def _groups(listed: Any) -> frozenset[str]:
    if not isinstance(listed, list) or len(listed) > _MOST_GROUPS:
        return frozenset()
    return frozenset(group for group in listed if isinstance(group, str))


def _amr(provider: CompanyProvider, claims: Mapping[str, Any]) -> tuple[str, ...]:
    """Words of the provider; ``mfa`` stands for itself only where the configuration allows what says so."""
    listed = claims.get("amr")
    said = [word for word in listed if isinstance(word, str)] if isinstance(listed, list) else []
    words = [word for word in dict.fromkeys(said) if _WORD.fullmatch(word) and word != "mfa"][:_WORDS_SHOWN]
    has_factor = bool(provider.factor_amr.intersection(said)) or claims.get("acr") in provider.factor_acr
    return (*words, "mfa") if has_factor else tuple(words)
