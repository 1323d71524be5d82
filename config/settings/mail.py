"""Mail: SMTP where configured, else one .eml file a message under ``{state}/mail``."""

from config.env import Environment, state_dir

_env = Environment("trusted")
EMAIL_HOST = _env.text("CONCLAVE_SMTP_HOST", "localhost")
EMAIL_PORT = _env.number("CONCLAVE_SMTP_PORT", 25)
EMAIL_TIMEOUT = 10  # seconds
EMAIL_BACKEND = (
    "django.core.mail.backends.smtp.EmailBackend"
    if _env.text("CONCLAVE_SMTP_HOST", "") != ""
    else "conferences.mail.eml_files.EmailBackend"
)
EMAIL_FILE_PATH = state_dir() / "mail"
DEFAULT_FROM_EMAIL = _env.text("CONCLAVE_MAIL_FROM", "Conclave <conclave@conclave.localhost>")
