"""Management commands of the core application."""
