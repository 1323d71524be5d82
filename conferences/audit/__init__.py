"""Audit exports: writing them, and verifying them offline."""
