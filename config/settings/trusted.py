"""The trusted site: core application, Authorization Module and KMF, routed by host name (DESIGN section 3)."""

from pathlib import Path

from config.env import ROOT, Environment
from config.settings.audit import *  # noqa: F403  settings are composed by import
from config.settings.base import *  # noqa: F403
from config.settings.base import template_engine
from config.settings.celery import *  # noqa: F403
from config.settings.database import postgresql
from config.settings.logging import LOGGING  # noqa: F401
from config.settings.mail import *  # noqa: F403
from config.settings.oauth import *  # noqa: F403
from config.settings.origins import host_of, read_origins
from config.settings.sign_in import *  # noqa: F403
from config.settings.sign_in import SIGN_IN_APPS, SIGN_IN_ORIGINS
from config.settings.transport import back_channel_trust, proxy_header, strict_transport_s

ENV = Environment("trusted")
ORIGINS = read_origins(ENV)
SECRET_KEY = ENV.secret_text("django.key")
KMF_ROOT = ENV.text("CONCLAVE_ROOT", "file:secrets/root.key")  # where the first root key is (docs/operate.md)
KMF_ROOT_VALUE = ENV.taken("CONCLAVE_ROOT_KEY")  # reads those of that prefix, which leave the environment
ROSTER_SIGNING_KEY_FILE = ENV.secret_file("roster-signing.pem")
# What a releaser signed, and his public key; without them a development key signs, which says nothing to outsiders.
ENDPOINT_RELEASE_NOTE = Path(ENV.text("CONCLAVE_RELEASE_NOTE", str(ROOT / "endpoint.note")))
ENDPOINT_RELEASE_KEY = ENV.text("CONCLAVE_RELEASE_KEY", "")
DEVELOPMENT_RELEASE_KEY_FILE = ENV.secret_file("development-release.pem")
KMF_DAY_KEYS_DIR = ENV.directory / "day-keys"
DEBUG = False
DATABASES = {"default": postgresql(ENV.text("DATABASE_URL"))}
REDIS_URL = ENV.text("REDIS_URL")
ENDS_TLS = ENV.flag("CONCLAVE_TLS")
SECURE_HSTS_SECONDS = strict_transport_s(ORIGINS)
SECURE_HSTS_INCLUDE_SUBDOMAINS = ORIGINS.secure
SECURE_PROXY_SSL_HEADER = proxy_header(ENV)
BACK_CHANNEL_TRUST = back_channel_trust(ENV)
SILENCED_SYSTEM_CHECKS = [
    "security.W008",  # no redirect: our port speaks HTTPS only, or a proxy in front does; internal calls come by loopback
    "security.W021",  # a preload list takes registrable domains, which are the organisation's to promise
]

ALLOWED_HOSTS = [host_of(o).split(":")[0] for o in (ORIGINS.core, ORIGINS.auth, ORIGINS.kmf)] + ["127.0.0.1"]
ORIGIN_URLCONFS = {
    host_of(ORIGINS.core): "config.urls_core",
    host_of(ORIGINS.auth): "config.urls_auth",
    host_of(ORIGINS.kmf): "config.urls_kmf",
}
ROOT_URLCONF = "config.urls_none"
ASGI_APPLICATION = "config.asgi_trusted.application"
COOKIELESS_HOSTS = {host_of(ORIGINS.kmf)}

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "csp",
    "allauth",
    "allauth.account",
    *SIGN_IN_APPS,
    "oauth2_provider",
    "conferences",
    "roster",
    "kmf.authorization",
    "kmf",
    "config",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "config.middleware.PlainCookies",
    "config.middleware.OriginRouting",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.middleware.OriginSessions",
    "kmf.authorization.company.middleware.CompanySessions",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "conferences.sign_in.freshness.IdentityFreshness",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]
SESSION_ENGINE = "config.sessions"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = ORIGINS.secure
# __Host-: a browser takes such a cookie only from the host itself, so that no sibling or subdomain can plant one.
SESSION_COOKIE_NAME = "__Host-sessionid" if ORIGINS.secure else "sessionid"
CSRF_COOKIE_NAME = "__Host-csrftoken" if ORIGINS.secure else "csrftoken"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"  # no third cookie
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "conferences.views.errors.csrf_failure"
SESSION_COOKIE_AGE = 12 * 3600  # seconds
TEMPLATES = template_engine("trusted")
STATICFILES_DIRS = [("style", ROOT / "static/style"), ("core", ROOT / "static/core"), ("auth", ROOT / "static/auth")]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'", ORIGINS.core, ORIGINS.auth, ORIGINS.kmf, *SIGN_IN_ORIGINS],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        "require-trusted-types-for": ["'script'"],
        "trusted-types": ["'none'"],
    }
}
