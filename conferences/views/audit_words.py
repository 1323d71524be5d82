"""Audit events as sentences. The exact entry stands beside each, so a sentence may leave things out, never add any."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from conferences.selectors.audit_entries import ReadEntry
from conferences.time_words import span_words

# Event: what is said, tone. Members of the details fill the gaps.
_SENTENCES: dict[str, tuple[str, str]] = {
    "conference.scheduled": ("Scheduled “{title}”", ""),
    "conference.ended": ("Ended the conference", "warn"),
    "participant.invited": ("Invited {who}", ""),
    "participant.withdrawn": ("Withdrew the invitation of {who}", "warn"),
    "participant.waiting": ("{who} waits to be let in", ""),
    "participant.admitted": ("Let {who} in", "good"),
    "participant.declined": ("Did not let {who} in", "warn"),
    "participant.removed": ("Removed {who}", "warn"),
    "participant.banned": ("Banned {who} from the conference", "bad"),
    "participant.unbanned": ("Lifted the ban of {who}", ""),
    "conference.locked": ("Locked the conference", "warn"),
    "conference.unlocked": ("Unlocked the conference", ""),
    "moderation.refused": ("Change of the running conference refused", "bad"),
    "authorization.granted": ("Signed in for the conference", ""),
    "authorization.confirmed": ("Confirmed an invitation", ""),
    "authorization.declined": ("Did not confirm an invitation", "warn"),
    "authorization.revoked": ("Authorization revoked", "warn"),
    "authorization.superseded": ("Earlier authorization of the same endpoint ends", ""),
    "token.issued": ("Token issued", ""),
    "token.refused": ("Token refused", "bad"),
    "request.refused": ("Request refused", "bad"),
    "key.released": ("Got the key of epoch {epoch}", "good"),
    "key.denied": ("Key denied", "bad"),
    "key.delivered": ("Key of epoch {epoch} sent to {endpoints}", ""),
    "key.installed": ("Key of epoch {epoch} installed by {endpoints}", "good"),
    "key.deleted": ("Key deleted by {endpoints}", ""),
    "epoch.opened": ("Epoch {epoch} opened for {holders}", "accent"),
    "epoch.shared": ("Epoch {epoch} shared with {holders}", "accent"),
    "epoch.expired": ("Epoch {epoch} expired", "warn"),
    "epoch.revoked": ("Epoch {epoch} revoked", "warn"),
    "epoch.destroyed": ("Key bytes destroyed of {epochs}", ""),
    "conference_key.destroyed": ("Conference key destroyed", ""),
    "conference_key.kept": ("Conference key kept for recordings, {days} days", ""),
    "root.rotation_started": ("Another root key began to take over", ""),
    "root.rotation_finished": ("Another root key has taken over", ""),
    "day_key.dropped": ("Day keys dropped", ""),
    "endpoint.connected": ("{who} connected", "good"),
    "endpoint.left": ("{who} left", ""),
    "media.problem": ("Media problem {code} at {endpoints}", "warn"),
    "presence.disagreement": ("The provider reported {who} {reported}, whose heartbeat lived", "warn"),
    "presence.unknown": ("The provider reported {reports} endpoints that nobody knows", "warn"),
    "presence.unreached": ("Connected here, never reported by the provider: {endpoints}", "warn"),
    "frame.refused": ("Conference data refused to a frame beside a call", "bad"),
    "endpoint.release_served": ("Serves release {release} of the endpoint page, signed by {signed_by}", ""),
    "token_key.rotated": ("Rotation of the token-signing key: {step}", ""),
    "account.signed_in": ("Signed in", ""),
    "account.ended_everywhere": ("Signed {account} out everywhere", "warn"),
    "account.signed_out": ("Signed out", ""),
    "account.sign_in_refused": ("Sign-in refused", "bad"),
    "account.made": ("Account made at the first sign-in", ""),
    "organisation.made": ("Made the organisation {name}", ""),
    "account.added": ("Made the account {account}", "warn"),
    "account.roles_set": ("Changed the roles of {account}", "warn"),
    "account.password_link_made": ("Made a link by which {account} writes a password", "warn"),
    "account.password_set": ("Wrote another password", "warn"),
    "account.linked": ("Joined with an account of the company's sign-in", "warn"),
    "account.roles_changed": ("Roles changed with the company's groups", "warn"),
    "account.mailbox_asked": ("Asked for a code to add a first second factor", ""),
    "account.factor_added": ("Added a way to sign in: {kind}", ""),
    "account.factor_removed": ("Removed a way to sign in: {kind}", "warn"),
    "account.factor_taken": ("Removed a way to sign in of {account}: {kind}", "warn"),
    "account.signed_out_by_company": ("Signed {account} out: it signed out at the company", ""),
    "company.logout_refused": ("A sign-out that is not the company's refused", "bad"),
    "guest.code_asked": ("Asked for a code by mail", ""),
    "account.switched_off": ("Switched {account} off", "warn"),
    "account.switched_on": ("Switched {account} on again", ""),
    "device.added": ("Added {account} as a {kind}", ""),
    "device.enrolled": ("Enrolled a key of {account}", ""),
    "device.key_revoked": ("Revoked a key of {account}", "warn"),
    "directory.token_made": ("Made a token for the directory", "warn"),
    "directory.token_revoked": ("Revoked the directory's token", "warn"),
    "directory.refused": ("Somebody who is no directory refused", "bad"),
    "audit.viewed": ("Looked at the audit", ""),
    "audit.exported": ("Exported the audit", ""),
    "audit.searched": ("Searched the audit", ""),
    "audit.pruned": ("Entries {first} to {last} pruned to their hashes", "warn"),
    "pruned": ("Pruned to its hashes", ""),
}
_REASONS: dict[str, str] = {
    "join": "somebody joined",
    "leave": "somebody left",
    "periodic": "time for a new key",
    "ended": "the conference ended",
    "empty": "nobody was left",
    "withdrawn": "the invitation was withdrawn",
    "removed": "removed from the conference",
    "replaced": "came back with another endpoint",
    "lost": "the line was cut",
    "initiator": "by the initiator",
    "schedule": "its time was over",
    "not_invited": "not invited",
}
_NAMED = 3  # holders that a sentence names before it counts


@dataclass(frozen=True, slots=True)
class Sentence:
    """One entry in words: what, why or with what, and the tone of its badge."""

    text: str
    reason: str
    tone: str


def event_names() -> list[str]:
    """Events that have words, to choose from."""
    return sorted(name for name in _SENTENCES if "." in name)


def sentence_of(entry: ReadEntry, names: Mapping[int, str]) -> Sentence:
    """Words for ``entry``; an event without words is named by its own name. ``names`` are those of source ids."""
    pattern, tone = _SENTENCES.get(entry.event, (entry.event.replace("{", "").replace("}", ""), ""))
    return Sentence(pattern.format_map(_Gaps(entry.details, names)), _reason(entry), tone)


class _Gaps(dict[str, str]):
    """Values for the gaps of a sentence; a detail that is not there is said to be missing."""

    def __init__(self, details: dict[str, Any], names: Mapping[int, str]) -> None:
        super().__init__({name: str(value) for name, value in details.items()})
        self["who"] = _who(details)
        self["holders"] = _people(details.get("holders"), names)
        self["endpoints"] = _people(details.get("endpoints"), names)
        self["epochs"] = _epochs(details)

    def __missing__(self, name: str) -> str:
        return "?"


def _who(details: dict[str, Any]) -> str:
    name, identity = details.get("name"), details.get("identity")
    if name and identity:
        return f"{name} ({identity})"
    return str(name or identity or f"endpoint {details.get('source_id', '?')}")


def _people(source_ids: object, names: Mapping[int, str]) -> str:
    if not isinstance(source_ids, list) or not source_ids:
        return "nobody"
    # Some events name each endpoint by source id and identity.
    plain = [one["source_id"] if isinstance(one, dict) else one for one in source_ids[:_NAMED]]
    shown = ", ".join(names.get(one) or f"endpoint {one}" for one in plain)
    return shown if len(source_ids) <= _NAMED else f"{shown} and {len(source_ids) - _NAMED} more"


def _epochs(details: dict[str, Any]) -> str:
    numbers = details.get("epochs") or [details.get("epoch", "?")]
    if len(numbers) == 1:
        return f"epoch {numbers[0]}"
    return f"epochs {numbers[0]}\N{EN DASH}{numbers[-1]}" if _is_run(numbers) else f"epochs {', '.join(map(str, numbers))}"


def _is_run(numbers: list[Any]) -> bool:
    return numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def _reason(entry: ReadEntry) -> str:
    details = entry.details
    if entry.event == "conference.scheduled":
        start = datetime.fromisoformat(details["starts_at"])
        return f"{span_words(start, start, details['time_zone']).split(chr(0x2013))[0]}, {details['time_zone']}"
    if entry.event == "key.denied" and "more" in details:
        return f"{details['reason']}, {details['more']} more times"
    if "audience" in details:
        return f"for {details['audience']}"
    reason = str(details.get("reason", ""))
    return _REASONS.get(reason, reason.replace("_", " "))
