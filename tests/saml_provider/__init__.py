"""A real SAML 2.0 provider (npm ``samlp``) on loopback, for tests."""
