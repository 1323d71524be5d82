"""What the provider remembers: rooms, seats, the MDDs, and what was used up."""

from provider.models.mdds import MDDState
from provider.models.proofs import UsedProof
from provider.models.rooms import Eviction, Part, Room, Seat

__all__ = ["Eviction", "MDDState", "Part", "Room", "Seat", "UsedProof"]
