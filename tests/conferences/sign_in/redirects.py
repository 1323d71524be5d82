"""Two browsers of one person, one at each origin; and the way between them."""

from urllib.parse import urlsplit


def host(origin):
    return urlsplit(origin).netloc


def path_of(response):
    parts = urlsplit(response["Location"])
    return f"{parts.path}?{parts.query}"
