"""Root keys: where they are, which one seals now, and how one takes over from another (ADR 0020)."""
