"""Sign-in at a company's OpenID Connect provider: accounts by issuer and subject, roles by an allow-list (ADR 0040)."""
