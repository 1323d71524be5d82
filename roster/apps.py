"""Who is in a conference now, signed."""

from django.apps import AppConfig


class RosterApp(AppConfig):
    """Who is in a conference now, signed."""

    name = "roster"
