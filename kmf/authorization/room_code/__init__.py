"""Signing in a room's screen by a code that a person enters on a device of his own (RFC 8628)."""
