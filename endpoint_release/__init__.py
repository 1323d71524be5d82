"""What the endpoint page consists of, who signed it, and whether a server serves just that.

For outsiders: needs the standard library and ``cryptography``, no settings, no database, no Django.
"""

RELEASE = "0.1.0"
DEVELOPMENT = "development"  # name of a key that a server made for itself: its signature says nothing to anybody else
