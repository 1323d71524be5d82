"""Guests: addresses that are invited and have no account sign in by a code that is mailed to them (ADR 0040)."""
