"""Zone in which a viewer reads times: the browser says it in a cookie that holds nothing else."""

from django.core.exceptions import ValidationError
from django.http import HttpRequest

from conferences.forms.local_time import parse_zone

COOKIE = "time_zone"


def viewer_zone(request: HttpRequest) -> str | None:
    """IANA name, or None where the browser has not said it or says nonsense."""
    try:
        return parse_zone(request.COOKIES.get(COOKIE, "")[:64].replace("%2F", "/"))
    except ValidationError:
        return None
