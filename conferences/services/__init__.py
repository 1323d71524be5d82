"""Decisions of the core application: each writes its fact, its audit entry and its effects to come in one transaction."""
