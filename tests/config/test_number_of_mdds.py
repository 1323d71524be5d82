"""``CONCLAVE_MDDS`` is a small number, and each media server has a secret of its own."""

import pytest

from config.embedded.__main__ import number_of_mdds
from config.embedded.secrets import make_secrets
from config.embedded.state import State
from config.env import BadSetting, Environment


@pytest.mark.parametrize(("text", "number"), [("1", 1), ("3", 3), ("16", 16)])
def test_a_number_is_taken(monkeypatch, text, number):
    monkeypatch.setenv("CONCLAVE_MDDS", text)
    assert number_of_mdds(Environment("none")) == number


@pytest.mark.parametrize("text", ["0", "17", "-1", "two", "1.5"])
def test_anything_else_is_refused(monkeypatch, text):
    monkeypatch.setenv("CONCLAVE_MDDS", text)
    with pytest.raises(BadSetting, match="CONCLAVE_MDDS"):
        number_of_mdds(Environment("none"))


def test_each_has_a_secret_of_its_own(tmp_path):
    state = State(tmp_path)
    state.make_directories()
    make_secrets(state, mdds=2)
    first, second = ((tmp_path / "provider/secrets" / name).read_text() for name in ("janus-api", "janus-2-api"))
    assert first != second
    make_secrets(state)
    assert (tmp_path / "provider/secrets/janus-2-api").read_text() == second
