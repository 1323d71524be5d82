"""Passkeys and security keys (WebAuthn), bound to the auth origin. They always ask for their owner, so one is two factors."""

from kmf.authorization.methods.method import Method
from protocol.sign_in import Strength

METHOD = Method(
    name="passkey",
    words="a passkey",
    amr=("pop", "mfa"),
    strength=Strength.SECOND_FACTOR,
    record={"method": "mfa", "type": "webauthn"},
    template="sign_in_methods/passkey.html",
    settings={"MFA_SUPPORTED_TYPES": ["webauthn"]},
)
