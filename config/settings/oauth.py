"""Accounts, sign-in and OAuth (DESIGN section 4.3)."""

from config.env import Environment
from config.settings.origins import read_origins

_env = Environment("trusted")
_origins = read_origins(_env)

AUTH_USER_MODEL = "authorization.Account"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.ScryptPasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ["email", "name"]},
    },
]
# Under no-referrer a browser sends ``Origin: null`` with a form, and the CSRF check refuses every sign-in.
SECURE_REFERRER_POLICY = "same-origin"
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "kmf.authorization.sign_in.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = True  # no box to tick: the session's age is the organisation's choice
ACCOUNT_LOGOUT_REDIRECT_URL = "/sign-in?signed_out=1"
ACCOUNT_RATE_LIMITS = False  # counted in the database instead (kmf.authorization.limits): allauth counts in the process
ALLAUTH_TRUSTED_PROXY_COUNT = _env.number("CONCLAVE_TRUSTED_PROXIES", 0)

TOKEN_SIGNING_KEY_FILE = _env.secret_file("token-signing.pem")

OAUTH2_PROVIDER_APPLICATION_MODEL = "authorization.Application"
OAUTH2_PROVIDER_GRANT_MODEL = "authorization.Grant"
OAUTH2_PROVIDER_ACCESS_TOKEN_MODEL = "authorization.AccessToken"  # noqa: S105  a model
OAUTH2_PROVIDER_REFRESH_TOKEN_MODEL = "authorization.RefreshToken"  # noqa: S105  a model
OAUTH2_PROVIDER_ID_TOKEN_MODEL = "authorization.IDToken"  # noqa: S105  a model
OAUTH2_PROVIDER = {
    "OAUTH2_VALIDATOR_CLASS": "kmf.authorization.validator.Validator",
    "OAUTH2_SERVER_CLASS": "oauthlib.oauth2.WebApplicationServer",
    "OIDC_ENABLED": False,
    "PKCE_REQUIRED": True,
    "ACCESS_TOKEN_EXPIRE_SECONDS": 300,
    "AUTHORIZATION_CODE_EXPIRE_SECONDS": 60,
    "REFRESH_TOKEN_EXPIRE_SECONDS": 12 * 3600,
    "REFRESH_TOKEN_GRACE_PERIOD_SECONDS": 0,
    "REFRESH_TOKEN_REUSE_PROTECTION": True,
    "ROTATE_REFRESH_TOKEN": True,
    "ALLOW_URI_WILDCARDS": False,
    # Plain HTTP only where the origins are: on *.localhost (DESIGN section 4).
    "ALLOWED_REDIRECT_URI_SCHEMES": sorted({origin.split(":", 1)[0] for origin in (_origins.core, _origins.kmf)}),
    "COMPLIANT_BCP_RFC9700_IMPLICIT_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PASSWORD_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PKCE_METHOD": True,
    "COMPLIANT_BCP_RFC9700_ACCESS_TOKEN_TRANSPORT": True,
    "COMPLIANT_BCP_RFC9700_AUTHZ_RESPONSE_ISS": True,
    "COMPLIANT_BCP_RFC9700_TOKEN_STORAGE": True,
    "COMPLIANT_BCP_RFC9700_REFRESH_TOKEN": True,
    "COMPLIANT_BCP_RFC9700_REDIRECT_URI_SCHEME": True,
    "COMPLIANT_BCP_RFC9700_REDIRECT_URI_MATCHING": True,
    "COMPLIANT_BCP_RFC9700_PKCE_REQUIRED": True,
}
