"""The mail with the code: text alone, no link to press, so that nobody learns to press one."""

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string


def code_mail(*, address: str, code: str) -> EmailMessage:
    """The mail to a guest. The subject does not say the code: subjects stand on locked screens."""
    body = render_to_string("mail/guest_code.txt", {"code": code, "auth": settings.ORIGINS.auth, "address": address})
    return EmailMessage("Your code to sign in to Conclave", body, settings.DEFAULT_FROM_EMAIL, [address])
