"""The provider's site: own secret, database, process; it knows pseudonyms and ciphertext (DESIGN sections 3 and 10)."""

from config.env import ROOT, Environment
from config.settings.base import *  # noqa: F403  settings are composed by import
from config.settings.base import template_engine
from config.settings.database import postgresql
from config.settings.logging import LOGGING  # noqa: F401
from config.settings.origins import host_of, read_origins
from config.settings.transport import back_channel_trust, proxy_header, strict_transport_s

ENV = Environment("provider")
ORIGINS = read_origins(ENV)
SECRET_KEY = ENV.secret_text("django.key")
PROVIDER_SIGNING_KEY_FILE = ENV.secret_file("provider-signing.pem")
PROVIDER_KMF_ORIGIN = ORIGINS.kmf
PROVIDER_TOKEN_ISSUER = ORIGINS.auth
PROVIDER_ORIGIN = ORIGINS.provider
PROVIDER_KMF_INTERNAL = ORIGINS.internal_trusted
PROVIDER_JANUS_URL = ENV.text("CONCLAVE_JANUS_URL", "ws://127.0.0.1:8188")
PROVIDER_MDD_ROOM_LIMIT = ENV.number("CONCLAVE_MDD_ROOM_LIMIT", 0)  # endpoints of one room at one MDD; 0: any number
PROVIDER_JANUS_SECRET_FILE = ENV.secret_file("janus-api")
PROVIDER_TURN_SECRET_FILE = ENV.secret_file("turn")
PROVIDER_TURN_ADDRESS = ENV.text("CONCLAVE_TURN_ADDRESS", "127.0.0.1:3478")
DEBUG = False
ENDS_TLS = ENV.flag("CONCLAVE_TLS")
SECURE_HSTS_SECONDS = strict_transport_s(ORIGINS)
SECURE_HSTS_INCLUDE_SUBDOMAINS = ORIGINS.secure
SECURE_PROXY_SSL_HEADER = proxy_header(ENV)
BACK_CHANNEL_TRUST = back_channel_trust(ENV)
SILENCED_SYSTEM_CHECKS = [
    "security.W002",  # the frame is made to be framed, by the KMF's page alone: its own policy says frame-ancestors
    "security.W003",  # no cookies, so no request can ride on one
    "security.W008",  # no redirect: our port speaks HTTPS only, or a proxy in front does; internal calls come by loopback
    "security.W021",  # a preload list takes registrable domains, which are the organisation's to promise
]
DATABASES = {"default": postgresql(ENV.text("DATABASE_URL"))}
ALLOWED_HOSTS = [host_of(ORIGINS.provider).split(":")[0], "127.0.0.1"]
ROOT_URLCONF = "config.urls_provider"
ASGI_APPLICATION = "config.asgi_provider.application"
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.staticfiles", "channels", "provider", "config"]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",
]
TEMPLATES = template_engine("provider")
TEMPLATES[0]["OPTIONS"]["context_processors"] = ["django.template.context_processors.request"]
STATICFILES_DIRS = [("provider", ROOT / "static/provider")]
