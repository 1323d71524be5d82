"""Sign-in at a company's SAML 2.0 provider: accounts by issuer and name identifier, roles by an allow-list (ADR 0042)."""
