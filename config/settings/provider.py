"""The provider's site: own secret, database, process; it knows pseudonyms and ciphertext (DESIGN sections 3 and 10)."""

from config.env import ROOT, Environment
from config.settings.base import *  # noqa: F403  settings are composed by import
from config.settings.base import template_engine
from config.settings.database import postgresql
from config.settings.logging import LOGGING  # noqa: F401
from config.settings.origins import host_of, read_origins

ENV = Environment("provider")
ORIGINS = read_origins(ENV)
SECRET_KEY = ENV.secret_text("django.key")
PROVIDER_SIGNING_KEY_FILE = ENV.secret_file("provider-signing.pem")
PROVIDER_KMF_ORIGIN = ORIGINS.kmf
PROVIDER_TOKEN_ISSUER = ORIGINS.auth
PROVIDER_ORIGIN = ORIGINS.provider
PROVIDER_KMF_INTERNAL = ORIGINS.internal_trusted
PROVIDER_JANUS_URL = ENV.text("CONCLAVE_JANUS_URL", "ws://127.0.0.1:8188")
PROVIDER_JANUS_SECRET_FILE = ENV.secret_file("janus-api")
PROVIDER_TURN_SECRET_FILE = ENV.secret_file("turn")
PROVIDER_TURN_ADDRESS = ENV.text("CONCLAVE_TURN_ADDRESS", "127.0.0.1:3478")
DEBUG = False
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
