"""A password of an account that the organisation made."""

from kmf.authorization.methods.method import Method
from protocol.sign_in import Strength

METHOD = Method(
    name="password",
    words="a password",
    amr=("pwd",),
    strength=Strength.COMPANY,
    record={"method": "password"},
    template="sign_in_methods/password.html",
)
