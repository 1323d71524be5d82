"""Conference Session Database: organisations, conferences, participants, outbox, audit."""

from conferences.models.audit import AuditChain, AuditEntry
from conferences.models.audit_tree import AuditCheckpoint, AuditCursor, AuditTile, AuditTree
from conferences.models.conference import Conference, Organisation, Participant, new_identifier
from conferences.models.frame_refusal import FrameRefusalCount
from conferences.models.outbox import OutboxItem
from conferences.models.sign_in import SignInGeneration
from conferences.models.used_proof import FrameProof

__all__ = [
    "AuditChain",
    "AuditCheckpoint",
    "AuditCursor",
    "AuditEntry",
    "AuditTile",
    "AuditTree",
    "Conference",
    "FrameProof",
    "FrameRefusalCount",
    "Organisation",
    "OutboxItem",
    "Participant",
    "SignInGeneration",
    "new_identifier",
]
