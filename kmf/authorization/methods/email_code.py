"""One-time codes by mail, for guests: whoever reads the mail of an invited address (``kmf.authorization.guests``)."""

from kmf.authorization.methods.method import Method
from protocol.sign_in import Strength

METHOD = Method(
    name="email_code",
    words="a code by mail",
    amr=("otp",),
    strength=Strength.ANY,
    record={"method": "email_code"},
    template="sign_in_methods/email_code.html",
)
