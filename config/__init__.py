"""Composition: settings, URLs, ASGI, start-up. It may import everything; nothing imports it."""
