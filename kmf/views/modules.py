"""``GET /endpoint/{name}``: a module of the fixed set, from memory, past Django: a join asks for two hundred of them."""

from django.http import HttpResponse, HttpResponseNotAllowed, HttpResponseNotModified

from kmf.services.endpoint_modules import endpoint_modules
from kmf.services.endpoint_page import module_headers, this_installation
from kmf.views.direct import Direct, direct

SAFE = ("GET", "HEAD")


@direct
async def endpoint_module(request: Direct) -> HttpResponse:
    """The module of this path, or that it has not changed; the worker's comes with a policy of its own (DESIGN section 9)."""
    if request.method not in SAFE:
        return HttpResponseNotAllowed(SAFE)
    module = endpoint_modules().by_path[request.path]  # no other path is routed here
    tag = f'"{module.integrity}"'
    response = HttpResponseNotModified() if request.header(b"if-none-match") == tag else HttpResponse(module.content)
    for name, value in module_headers(this_installation(), module.name).items():
        response[name] = value
    response["ETag"] = tag
    return response
