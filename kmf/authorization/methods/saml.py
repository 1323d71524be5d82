"""The company's SAML 2.0 provider (``kmf.authorization.saml``). What it says of factors counts where that is allowed."""

from kmf.authorization.methods.method import Method
from protocol.sign_in import Strength

METHOD = Method(
    name="saml",
    words="your company account",
    amr=("ext",),
    strength=Strength.COMPANY,
    record={"method": "saml"},
    tells=True,
    template="sign_in_methods/saml.html",
)
