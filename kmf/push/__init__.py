"""The push fabric: one hub per process and conference (DESIGN section 8)."""
