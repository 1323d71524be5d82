"""The audit's tree: its signing key and name; the receiver of entries; retention (docs/operate.md)."""

from config.env import Environment
from config.settings.origins import host_of, read_origins

_ENV = Environment("trusted")
AUDIT_SIGNING_KEY_FILE = _ENV.secret_file("audit-signing.pem")
# Name of the log in its checkpoints; kept in the database from the first checkpoint on.
AUDIT_ORIGIN = _ENV.text("CONCLAVE_AUDIT_ORIGIN", f"{host_of(read_origins(_ENV).core)}/audit")
AUDIT_RECEIVER = _ENV.text("CONCLAVE_AUDIT_SYSLOG", "")  # udp:, tcp:, tls:, unix: or file: URL; empty: none
AUDIT_KEEP_DAYS = _ENV.number("CONCLAVE_AUDIT_KEEP_DAYS", 0)  # days after a conference's end; 0: for ever
