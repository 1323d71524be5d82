"""Accounts: who may sign in, and as what. They never leave the Authorization Module; tokens speak for them."""

from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower
from django.utils.crypto import salted_hmac

from conferences.models import Organisation, new_identifier

ROLE_FIELDS = {"initiator": "can_initiate", "auditor": "can_audit", "admin": "is_staff"}  # roles at the core application


class AccountManager(BaseUserManager["Account"]):
    """Makes accounts; addresses are kept in lower case, as participants' identities are."""

    def create_account(
        self, *, email: str, name: str, organisation: Organisation, password: str | None = None, **roles: Any
    ) -> "Account":
        """Create an account; without ``password`` it cannot sign in by one.

        Args:
            email: unique, any case.
            name: for display.
            organisation: the customer it belongs to.
            password: in the clear; only its hash is kept.
            roles: ``can_initiate``, ``can_audit``, ``is_staff``.

        """
        account = self.model(email=email.strip().lower(), name=name, organisation=organisation, **roles)
        account.set_password(password)
        account.save(using=self._db)
        return account


class Account(AbstractBaseUser):  # type: ignore[django-manager-missing]  # relations of untyped models
    """Who can be in a conference. ``is_active`` false ends every right at once; ``is_staff`` is the administrator.

    A person signs in. A room system or a recorder does not: it shows an enrolled key (``kmf.authorization.enrolment``).
    """

    class Kind(models.TextChoices):
        """What stands behind the account; the roster says it."""

        PERSON = "person"
        ROOM = "room"
        RECORDER = "recorder"

    id = models.CharField(primary_key=True, max_length=22, default=new_identifier, editable=False)
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=200)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT)
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.PERSON)
    can_initiate = models.BooleanField(default=False)
    can_audit = models.BooleanField(default=False)
    is_staff = models.BooleanField(default=False)
    is_guest = models.BooleanField(default=False, db_default=False)  # signs in by mailed codes alone, for what he is invited to
    guest_over = models.BooleanField(default=False, db_default=False)  # a guest of no conference any more: signed out
    is_active = models.BooleanField(default=True)
    switched_off_by = models.CharField(max_length=20, blank=True, db_default="")  # accounts.switching.Side
    session_generation = models.PositiveIntegerField(default=0)  # one more ends every session of before

    objects = AccountManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(email=Lower("email")), name="account_email_lower")]

    @property
    def is_device(self) -> bool:
        """A room system or a recorder, not a person."""
        return self.kind != self.Kind.PERSON

    @property
    def roles(self) -> list[str]:
        """Roles at the core application, of ``ROLE_FIELDS``."""
        return [role for role, field in ROLE_FIELDS.items() if getattr(self, field)]

    def _get_session_auth_hash(self, secret: str | bytes | None = None) -> str:
        """Django ends a session whose hash differs from this: after another password or another generation."""
        secrets_of_session = f"{self.password}:{self.session_generation}"
        return salted_hmac("kmf.authorization.session", secrets_of_session, secret=secret, algorithm="sha256").hexdigest()

    def get_full_name(self) -> str:
        """Name for display."""
        return self.name
