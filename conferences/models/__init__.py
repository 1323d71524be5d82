"""Conference Session Database: organisations, conferences, participants, outbox, audit."""

from conferences.models.audit import AuditChain, AuditEntry
from conferences.models.conference import Conference, Organisation, Participant, new_identifier
from conferences.models.outbox import OutboxItem

__all__ = ["AuditChain", "AuditEntry", "Conference", "Organisation", "OutboxItem", "Participant", "new_identifier"]
