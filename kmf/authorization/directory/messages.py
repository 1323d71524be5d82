"""SCIM's messages: users as they are shown, and what a request changes of one. Pure.

Of a user ``active`` can be changed and nothing else: who he is, sign-in says.

Spec: RFC 7643 sections 4.1, 3.1; RFC 7644 sections 3.4.2, 3.5, 3.12.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from kmf.authorization.models import Account
from protocol.errors import Malformed

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
CONFIG = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
_BY_NAME = re.compile(r'\s*userName\s+eq\s+"([^"\\]{1,254})"\s*', re.IGNORECASE | re.ASCII)
_WORDS = {"true": True, "false": False}  # some directories send them as texts
_MOST_OPERATIONS = 20


def user(account: Account, base: str) -> dict[str, Any]:
    """An account as a SCIM user; ``base`` is the URL of all users."""
    return {
        "schemas": [USER],
        "id": account.pk,
        "userName": account.email,
        "displayName": account.name,
        "active": account.is_active,
        "emails": [{"value": account.email, "primary": True}],
        "meta": {"resourceType": "User", "location": f"{base}/{account.pk}"},
    }


def listing(users: Sequence[dict[str, Any]], *, total: int, start: int) -> dict[str, Any]:
    """A page of users, the first of which is the ``start``-th."""
    return {"schemas": [LIST], "totalResults": total, "startIndex": start, "itemsPerPage": len(users), "Resources": list(users)}


def error(status: int, detail: str, kind: str = "") -> dict[str, Any]:
    """An error; ``kind`` is RFC 7644's ``scimType``."""
    return {"schemas": [ERROR], "status": str(status), "detail": detail} | ({"scimType": kind} if kind else {})


def config() -> dict[str, Any]:
    """What is served, and what is not."""
    no = {"supported": False}
    return {
        "schemas": [CONFIG],
        "patch": {"supported": True},
        "bulk": {**no, "maxOperations": 0, "maxPayloadSize": 0},
        "filter": {"supported": True, "maxResults": 100},
        "changePassword": no,
        "sort": no,
        "etag": no,
        "authenticationSchemes": [{"type": "oauthbearertoken", "name": "Bearer token", "description": "One for an organisation"}],
    }


def read_filter(text: str) -> str:
    """The user name that a filter asks for, in lower case.

    Raises:
        Malformed: another filter.

    """
    found = _BY_NAME.fullmatch(text)
    if found is None:
        raise Malformed("not a filter by userName")
    return found[1].strip().lower()


def read_replacement(members: Mapping[str, Any]) -> bool | None:
    """``active`` of a user that is put; None where it does not say.

    Raises:
        Malformed: neither true nor false.

    """
    return _truth(members["active"]) if "active" in members else None


def read_patch(members: Mapping[str, Any]) -> bool | None:
    """What a patch makes of ``active``; None where it is about something else only. The last operation on it counts.

    Raises:
        Malformed: not a patch.

    """
    operations = next((value for name, value in members.items() if name.lower() == "operations"), None)
    if not isinstance(operations, list) or not 0 < len(operations) <= _MOST_OPERATIONS:
        raise Malformed("no operations")
    wanted = None
    for operation in operations:
        found = _of_operation(operation)
        wanted = wanted if found is None else found
    return wanted


def _of_operation(operation: object) -> bool | None:
    if not isinstance(operation, dict) or str(operation.get("op", "")).lower() not in {"add", "replace", "remove"}:
        raise Malformed("unknown operation")
    path, value, takes = operation.get("path"), operation.get("value"), str(operation["op"]).lower() == "remove"
    if path is not None and not isinstance(path, str):
        raise Malformed("path is no text")
    if path is None:
        if takes or not isinstance(value, dict):
            raise Malformed("nothing is named")
        value = next((each for name, each in value.items() if name.lower() == "active"), None)
        return None if value is None else _truth(value)
    if path.lower() not in {"active", f"{USER}:active".lower()}:
        return None
    return False if takes else _truth(value)  # without a value for it nobody is active


def _truth(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in _WORDS:
        return _WORDS[value.lower()]
    raise Malformed("active is neither true nor false")
