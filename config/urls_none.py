"""No URL: the host decides (config.middleware.OriginRouting)."""

urlpatterns: list[object] = []
