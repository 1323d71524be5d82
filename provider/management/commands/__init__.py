"""Management commands of the conference provider."""
