"""Celery wakes, the database decides (DESIGN section 12). JSON only; no results; no ETA tasks."""

from config.steady import every

CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SERIALIZER = "json"
CELERY_RESULT_BACKEND = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# An hour's visibility time-out would lose an hour; these three bring a killed worker's task back in about 12 s.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 10,
    "unacked_restore_interval": 1,
    "unacked_restore_throttle": 1,
    "socket_timeout": 5,
    "socket_connect_timeout": 2,
}
CELERY_BEAT_SCHEDULE = {
    "deliver-outbox": {"task": "conferences.deliver_outbox", "schedule": every(1.0), "options": {"expires": 5}},
    "extend-audit-tree": {"task": "conferences.extend_audit_tree", "schedule": every(1.0), "options": {"expires": 5}},
    "forward-audit": {"task": "conferences.forward_audit", "schedule": every(1.0), "options": {"expires": 5}},
    "prune-audit": {"task": "conferences.prune_audit", "schedule": every(3600.0), "options": {"expires": 3600}},
    "sweep": {"task": "kmf.sweep", "schedule": every(1.0), "options": {"expires": 5}},
    "clean-conferences": {"task": "conferences.clean", "schedule": every(3600.0), "options": {"expires": 3600}},
    "clean": {"task": "kmf.clean", "schedule": every(60.0), "options": {"expires": 60}},
}
