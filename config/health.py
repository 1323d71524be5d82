"""``/health``: this process answers. ``/ready``: what it depends on does, each by name (DESIGN section 12).

Whatever is away makes it 503, so that it is seen; ``?only=needed`` is for a proxy that asks whether to send visitors here: 503
only where nothing can be done without the missing part. The answers say nothing about why: that stands in the log.
"""

from collections.abc import Callable, Mapping

from django.http import HttpRequest, JsonResponse
from django.utils.http import http_date
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from config.probes.look import Check, look, probes

RETRY_AFTER_S = 5
View = Callable[[HttpRequest], JsonResponse]


@never_cache
@require_safe
def health(_request: HttpRequest) -> JsonResponse:
    """Liveness: 200 as long as requests are served at all."""
    # The date lets a partner see that the clocks differ, before tokens and proofs are refused for it.
    return JsonResponse({"status": "ok"}, headers={"Date": http_date()})


def readiness(*, needed: Mapping[str, Check], helpful: Mapping[str, Check]) -> View:
    """Return the view: ``{"status": ok|degraded|unavailable, "dependencies": {name: ok|away|wrong}}``."""
    parts = probes({**needed, **helpful})

    @never_cache
    @require_safe
    def ready(request: HttpRequest) -> JsonResponse:
        found = look(parts)
        away = {name for name, state in found.items() if state != "ok"}
        status = "unavailable" if away & needed.keys() else "degraded" if away else "ok"
        failing = {"unavailable"} if request.GET.get("only") == "needed" else {"unavailable", "degraded"}
        response = JsonResponse({"status": status, "dependencies": found}, status=503 if status in failing else 200)
        if status in failing:
            response["Retry-After"] = str(RETRY_AFTER_S)
        return response

    return ready
