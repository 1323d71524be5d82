"""A real OpenID Connect provider (npm ``oidc-provider``) that the tests start."""
