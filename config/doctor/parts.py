"""Checks of the running parts, by the site's own settings: day keys, databases, broker, worker, mail."""

import os
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import psycopg

from config.doctor.finding import ERROR, OK, SKIPPED, WARNING, Finding, Situation
from config.env import ROOT, Environment, MissingSetting
from config.probes.look import Away

TOLERATED_S = 5.0
REFUSED_S = 30.0  # DPoP proofs are refused beyond that
LOGS = "if it does not come back by itself, see {log} and: make run"


def load_site() -> None:
    """Load the trusted site. Raises whatever its settings raise."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.trusted")
    import django  # noqa: PLC0415  the settings may be broken: that is a finding

    django.setup()


def day_keys(_situation: Situation) -> Iterator[Finding]:
    """The root key opens every day key."""
    load_site()
    from django.conf import settings  # noqa: PLC0415  after load_site

    from kmf.errors import KMFError  # noqa: PLC0415
    from kmf.services.day_keys import day_key  # noqa: PLC0415

    days = sorted(Path(settings.KMF_DAY_KEYS_DIR).glob("*.key"))
    for path in days:
        try:
            day_key(date.fromisoformat(path.stem))
        except ValueError:
            yield Finding(WARNING, f"{path} is no day key", "move it away")
        except KMFError as error:
            mend = "bring root.key back from the backup it belongs to; make no new one"
            yield Finding(ERROR, f"day key {path.stem} does not open: {error.reason}", mend)
        except Exception:  # noqa: BLE001  whatever the cipher says: it may hold what must not be shown
            mend = "bring root.key back from the backup it belongs to; if only this day is damaged, its keys are gone"
            yield Finding(ERROR, f"day key {path.stem} does not open", mend)
        else:
            yield Finding(OK, f"day key {path.stem} opens")
    if not days:
        yield Finding(OK, "no day key yet")


def release(situation: Situation) -> Iterator[Finding]:
    """Who signed the endpoint page that this code serves."""
    load_site()
    from endpoint_release import DEVELOPMENT, RELEASE  # noqa: PLC0415
    from kmf.services.endpoint_release import ReleaseMismatch, served_release  # noqa: PLC0415

    try:
        signed_by = served_release().signed_by
    except ReleaseMismatch as error:
        yield Finding(ERROR, str(error), "deploy the code that was released, or its release note (docs/operate.md, Releases)")
        return
    is_ours = signed_by in (DEVELOPMENT, "nobody")
    is_local = situation.origins.kmf.startswith("http://")  # plain HTTP is for *.localhost alone
    text = f"endpoint page, release {RELEASE}, signed by {signed_by}"
    mend = "outsiders cannot tell it from anything else: docs/operate.md, Releases"
    yield Finding(WARNING, text, mend) if is_ours and not is_local else Finding(OK, text)


def database(situation: Situation) -> Iterator[Finding]:
    """Both domains' databases answer, are migrated, and tell our time."""
    for domain in ("trusted", "provider"):
        yield from _database(situation, domain)


def _database(situation: Situation, domain: str) -> Iterator[Finding]:
    mend = LOGS.format(log=situation.state.log("postgres"))
    try:
        url = Environment(domain).text("DATABASE_URL") if domain == "provider" else situation.trusted.text("DATABASE_URL")
        with psycopg.connect(url, connect_timeout=3) as connection:
            connection.execute("SET statement_timeout = '3s'")
            theirs = connection.execute("SELECT extract(epoch FROM clock_timestamp())").fetchone()
            ours = time.time()
            applied = connection.execute("SELECT app, name FROM django_migrations").fetchall()
    except MissingSetting as error:
        yield Finding(ERROR, str(error), "make run, or set DATABASE_URL (docs/operate.md)")
    except psycopg.errors.UndefinedTable:
        yield Finding(ERROR, f"database of the {domain} domain is empty", "make run, or manage.py migrate with its settings")
    except psycopg.Error:
        yield Finding(ERROR, f"database of the {domain} domain does not answer", mend)
    else:
        yield from clock(f"the clock of the {domain} database", float(theirs[0]) - ours if theirs else 0.0)
        missing = sorted(_known_migrations(domain) - set(applied))
        text = f"database of the {domain} domain lacks migration " + ", ".join(".".join(name) for name in missing[:3])
        migrate = "make run, or manage.py migrate with its settings"
        yield Finding(ERROR, text, migrate) if missing else Finding(OK, f"database of the {domain} domain is migrated")


def _known_migrations(domain: str) -> set[tuple[str, str]]:
    """Migrations of our own apps, by their files: the other domain's cannot be loaded here."""
    apps = {"trusted": {"conferences": "conferences", "kmf": "kmf", "roster": "roster", "authorization": "kmf/authorization"}}
    places = apps.get(domain, {"provider": "provider"})
    return {(app, path.stem) for app, place in places.items() for path in (ROOT / place / "migrations").glob("0*.py")}


def broker_and_worker(situation: Situation) -> Iterator[Finding]:
    """The broker answers, and a worker sweeps."""
    load_site()
    from config.probes.trusted import check_broker, check_worker  # noqa: PLC0415

    yield from _probed(check_broker, "broker answers", WARNING, LOGS.format(log=situation.state.log("valkey")))
    yield from _probed(check_worker, "a worker sweeps", WARNING, LOGS.format(log=situation.state.log("worker")))


def mail(_situation: Situation) -> Iterator[Finding]:
    """Mails can go out."""
    load_site()
    from django.conf import settings  # noqa: PLC0415

    from config.probes.trusted import check_mail  # noqa: PLC0415

    files = settings.EMAIL_BACKEND.endswith("eml_files.EmailBackend")
    mend = f"chmod 700 and chown {settings.EMAIL_FILE_PATH}" if files else "check CONCLAVE_SMTP_HOST and CONCLAVE_SMTP_PORT"
    text = f"mails are files in {settings.EMAIL_FILE_PATH}" if files else f"mail server {settings.EMAIL_HOST} answers"
    yield from _probed(check_mail, text, WARNING, mend)


def file_clock(situation: Situation) -> Iterator[Finding]:
    """The file system tells our time: day keys and mails are named by it."""
    note = situation.root / "run" / f".clock.{os.getpid()}"
    try:
        note.touch()
        off = note.stat().st_mtime - time.time()
    except OSError:
        yield Finding(SKIPPED, "clock of the file system: this user cannot write there")
        return
    finally:
        note.unlink(missing_ok=True)
    yield from clock("the clock of the file system", off)


def clock(name: str, off_s: float) -> Iterator[Finding]:
    """How far a clock is off ours."""
    text = f"{name} is {abs(off_s):.0f} s {'ahead' if off_s > 0 else 'behind'}"
    mend = "set the clocks by NTP (timedatectl set-ntp true) on both machines"
    if abs(off_s) > REFUSED_S:
        yield Finding(ERROR, f"{text}: proofs and tokens will be refused", mend)
    elif abs(off_s) > TOLERATED_S:
        yield Finding(WARNING, text, mend)
    else:
        yield Finding(OK, f"{name} agrees")


def _probed(check: Callable[[], None], text: str, level: str, mend: str) -> Iterator[Finding]:
    try:
        check()
    except Away as reason:
        yield Finding(level, str(reason), mend)
    else:
        yield Finding(OK, text)
