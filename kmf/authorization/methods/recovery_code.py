"""Recovery codes: a list to keep on paper, each good once, for whoever has lost the second factor."""

from kmf.authorization.methods.method import Method

METHOD = Method(
    name="recovery_code",
    words="a recovery code",
    amr=("otp",),
    strength=None,
    record={"method": "mfa", "type": "recovery_codes"},
    settings={"MFA_SUPPORTED_TYPES": ["recovery_codes"]},
)
