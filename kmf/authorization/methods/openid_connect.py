"""The company's OpenID Connect provider (``kmf.authorization.company``). What it says of factors counts where that is allowed."""

from kmf.authorization.methods.method import Method
from protocol.sign_in import Strength

METHOD = Method(
    name="openid_connect",
    words="your company account",
    amr=("ext",),
    strength=Strength.COMPANY,
    record={"method": "openid_connect"},
    tells=True,
    template="sign_in_methods/openid_connect.html",
    apps=("allauth.socialaccount", "allauth.socialaccount.providers.openid_connect"),
    settings={
        "SOCIALACCOUNT_ADAPTER": "kmf.authorization.company.adapter.CompanyAdapter",
        "SOCIALACCOUNT_STORE_TOKENS": False,
        "SOCIALACCOUNT_REQUESTS_TIMEOUT": 10,  # seconds
    },
)
