"""What the OAuth server keeps: django-oauth-toolkit's models with the fields that DPoP and RFC 8707 need here.

A grant outlives its code: it is the authorization itself, carries the whole list of resources, and is what is revoked.
Codes and tokens are kept as SHA-256 only.
"""

from django.db import models
from oauth2_provider.models import (
    AbstractAccessToken,
    AbstractApplication,
    AbstractGrant,
    AbstractIDToken,
    AbstractRefreshToken,
)


class Application(AbstractApplication):  # type: ignore[misc]  # the toolkit is untyped
    """A client. There are two, both ours (``kmf.authorization.clients``)."""

    def redirect_uri_allowed(self, uri: str) -> bool:
        """Exact comparison, byte for byte (RFC 9700 section 4.1.3); no loopback exception."""
        return uri in self.redirect_uris.split()


class Grant(AbstractGrant):  # type: ignore[misc]  # the toolkit is untyped
    """One authorization of one client by one account.

    ``code`` is the hex SHA-256 of the authorization code; ``expires`` is the absolute end of everything given under it.
    """

    organisation = models.ForeignKey("conferences.Organisation", on_delete=models.PROTECT, related_name="+")
    dpop_jkt = models.CharField(max_length=43)
    code_expires_at = models.DateTimeField()
    redeemed_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    revoked_reason = models.CharField(max_length=60, blank=True)
    auth_time = models.DateTimeField()
    amr = models.JSONField(default=list)
    enrolled_key = models.ForeignKey("EnrolledKey", null=True, on_delete=models.PROTECT, related_name="grants")  # of a device
    acr = models.CharField(max_length=20, default="any", db_default="any")  # protocol.sign_in
    company_session = models.ForeignKey("CompanySession", null=True, on_delete=models.SET_NULL, related_name="+")
    authorization_details = models.JSONField(default=list)  # the action that was confirmed (RFC 9396), or none

    class Meta:
        indexes = [models.Index(fields=["user", "expires"])]


class AccessToken(AbstractAccessToken):  # type: ignore[misc]  # the toolkit is untyped
    """A given access token, for revocation only: what it says stands in the JWT itself."""

    grant = models.ForeignKey(Grant, on_delete=models.CASCADE, related_name="access_tokens")

    class Meta:
        indexes = [models.Index(fields=["expires"])]


class RefreshToken(AbstractRefreshToken):  # type: ignore[misc]  # the toolkit is untyped
    """A refresh token. Its resources are always the grant's whole list.

    One whose answer was said to be lost is ``voided_at`` then: whoever shows it all the same is a second holder.
    """

    grant = models.ForeignKey(Grant, on_delete=models.CASCADE, related_name="refresh_tokens")
    given_at = models.DateTimeField()
    voided_at = models.DateTimeField(null=True)


class IDToken(AbstractIDToken):  # type: ignore[misc]  # the toolkit is untyped
    """Stays empty: OpenID Connect is not served. It is here so that no migration depends on a foreign one in a circle."""
