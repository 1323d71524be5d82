"""Sign-in with the password of the company's LDAP directory (ADR 0043)."""
