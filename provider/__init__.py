"""The conference provider (semi-trusted)."""
