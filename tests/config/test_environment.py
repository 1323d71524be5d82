"""A domain's processes get their own environment and nothing of the other domain's."""

import stat

from config.embedded.environment import process_environment, write_environment
from config.embedded.state import State
from config.env import Environment


def test_provider_gets_nothing_of_ours_but_names_and_ports(tmp_path, monkeypatch):
    for name in ("DATABASE_URL", "REDIS_URL", "CONCLAVE_SMTP_HOST", "SOME_TOKEN"):
        monkeypatch.setenv(name, "of the trusted side")
    monkeypatch.setenv("CONCLAVE_PORT", "9000")
    environment = process_environment(State(tmp_path), "provider")
    assert "of the trusted side" not in environment.values()
    assert environment["CONCLAVE_PORT"] == "9000"
    assert environment["DJANGO_SETTINGS_MODULE"] == "config.settings.provider"


def test_trusted_site_gets_its_mail_server(tmp_path, monkeypatch):
    monkeypatch.setenv("CONCLAVE_SMTP_HOST", "mail.example")
    assert process_environment(State(tmp_path), "trusted")["CONCLAVE_SMTP_HOST"] == "mail.example"


def test_written_environment_is_what_settings_read(tmp_path, monkeypatch):
    state = State(tmp_path)
    state.make_directories()
    url = "postgresql://a:b@/c?host=%2Frun%2Fx"
    write_environment(state, "provider", {"DATABASE_URL": url})
    monkeypatch.setenv("CONCLAVE_STATE", str(tmp_path))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    assert Environment("provider").text("DATABASE_URL") == url
    assert stat.S_IMODE((tmp_path / "provider" / "env").stat().st_mode) == 0o600
