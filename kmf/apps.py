"""Key Management Function."""

from django.apps import AppConfig


class KMFApp(AppConfig):
    """Key Management Function (trusted)."""

    name = "kmf"

    def ready(self) -> None:
        """Take the outbox items that concern keys."""
        from conferences.services.outbox_handlers import register  # noqa: PLC0415  models must be loaded
        from kmf.services.changes import follow_change  # noqa: PLC0415
        from kmf.services.provider_orders import deliver_order  # noqa: PLC0415

        register("conference.changed", follow_change)
        register("provider.order", deliver_order)
