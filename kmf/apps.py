"""Key Management Function."""

from django.apps import AppConfig


class KMFApp(AppConfig):
    """Key Management Function (trusted)."""

    name = "kmf"

    def ready(self) -> None:
        """Take the outbox items that concern keys, guests and accounts, and name the statement key in audit exports."""
        from conferences.audit.export import register_header_facts  # noqa: PLC0415  models must be loaded
        from conferences.services.hinted import register_listener  # noqa: PLC0415
        from conferences.services.outbox_handlers import register  # noqa: PLC0415
        from kmf.authorization.accounts import password_link  # noqa: PLC0415
        from kmf.authorization.guests.codes import MAIL_KIND, send_code  # noqa: PLC0415
        from kmf.authorization.second_factor import mailbox  # noqa: PLC0415
        from kmf.authorization.second_factor.notices import KIND, send_notice  # noqa: PLC0415
        from kmf.hints import announce  # noqa: PLC0415
        from kmf.services.changes import follow_change  # noqa: PLC0415
        from kmf.services.provider_orders import deliver_order  # noqa: PLC0415
        from protocol import base64url  # noqa: PLC0415
        from roster.services.signing_key import roster_public_key  # noqa: PLC0415

        register("conference.changed", follow_change)
        register("provider.order", deliver_order)
        register(MAIL_KIND, send_code)
        register(KIND, send_notice)
        register(mailbox.KIND, mailbox.send_code)
        register(password_link.KIND, password_link.send_link)
        register_listener(announce)
        register_header_facts(lambda: {"roster_key": base64url.encode(roster_public_key())})
