"""Accounts, sign-in and OAuth (DESIGN section 4.3)."""

AUTH_USER_MODEL = "authorization.Account"
