"""Test vectors, and what writes our own ones. README.md names every source."""
