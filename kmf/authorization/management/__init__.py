"""Commands of the Authorization Module."""
