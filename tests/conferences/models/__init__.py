"""Mirror of conferences/models."""
