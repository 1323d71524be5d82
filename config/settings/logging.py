"""Logs: one JSON-free line each on standard error; the supervisor gives every process its file."""

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    # Django's own configuration would mail reports of errors, with the variables of every frame: no log needs them.
    # Every second two tasks run: only their failures are news.
    "loggers": {"django": {"handlers": [], "level": "INFO"}}
    | {name: {"level": "WARNING"} for name in ("httpx", "daphne.access", "celery.app.trace", "celery.worker.strategy")},
}
