"""What the roster decides and signs."""
