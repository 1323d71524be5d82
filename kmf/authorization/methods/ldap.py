"""The password that somebody has in the company's LDAP directory (``kmf.authorization.ldap``)."""

from kmf.authorization.methods.method import Method
from protocol.sign_in import Strength

METHOD = Method(
    name="ldap",
    words="your company password",
    amr=("pwd",),
    strength=Strength.COMPANY,
    record={"method": "ldap"},
    template="sign_in_methods/ldap.html",
)
