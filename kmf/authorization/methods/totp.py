"""One-time codes of an authenticator app (RFC 6238), after a password."""

from kmf.authorization.methods.method import Method

METHOD = Method(
    name="totp",
    words="a code of an authenticator app",
    amr=("otp",),
    strength=None,
    record={"method": "mfa", "type": "totp"},
    settings={"MFA_SUPPORTED_TYPES": ["totp"]},
)
