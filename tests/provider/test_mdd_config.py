import json
import stat
from pathlib import Path

import pytest

from provider.mdd import host_address, janus_command, turn_command, write_janus_config, write_turn_config
from provider.mdd.__main__ import main
from provider.mdd.room_key import room_admin_key


def modes(directory: Path) -> set[int]:
    return {stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()}


def test_janus_has_one_plugin_one_transport_and_no_admin(tmp_path: Path) -> None:
    directory = tmp_path / "janus"
    write_janus_config(directory, websocket_port=18188, api_secret="a-secret", media_address="192.0.2.7")
    core = (directory / "janus.jcfg").read_text()
    assert 'ice_enforce_list = "192.0.2.7"' in core
    assert "libjanus_http.so" in core
    assert "libjanus_streaming.so" in core
    assert "libjanus_videoroom.so" not in core
    assert "libjanus_websockets.so" not in core
    transport = (directory / "janus.transport.websockets.jcfg").read_text()
    assert 'ws_ip = "127.0.0.1"' in transport
    assert "admin_ws = false" in transport
    assert room_admin_key("a-secret") in (directory / "janus.plugin.videoroom.jcfg").read_text()
    assert modes(directory) == {0o600}
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert "a-secret" not in " ".join(janus_command(directory))


def test_the_relay_reaches_the_mdd_only(tmp_path: Path) -> None:
    directory = tmp_path / "turn"
    write_turn_config(directory, secret="a-secret", mdd_addresses=["192.0.2.7"])
    lines = (directory / "turnserver.conf").read_text().splitlines()
    for line in ("no-tcp-relay", "no-cli", "use-auth-secret", "denied-peer-ip=0.0.0.0-255.255.255.255", "listening-ip=127.0.0.1"):
        assert line in lines
    assert [line for line in lines if line.startswith("allowed-peer-ip")] == ["allowed-peer-ip=192.0.2.7"]
    assert {"user-quota=32", "total-quota=1000"} <= set(lines)
    assert "allow-loopback-peers" not in lines
    assert modes(directory) == {0o600}
    assert "a-secret" not in " ".join(turn_command(directory))


def test_writing_again_replaces_the_files(tmp_path: Path) -> None:
    for secret in ("first", "second"):
        write_turn_config(tmp_path / "turn", secret=secret, mdd_addresses=["192.0.2.7"])
    assert "static-auth-secret=second" in (tmp_path / "turn/turnserver.conf").read_text()
    assert [path.name for path in (tmp_path / "turn").iterdir()] == ["turnserver.conf"]


def test_the_command_prints_what_to_run_and_no_secret(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("janus-api", "turn"):
        (tmp_path / name).write_text("a-secret\n")
    main(["--directory", str(tmp_path / "mdd"), "--secrets", str(tmp_path)])
    printed = capsys.readouterr().out
    assert json.loads(printed).keys() == {"janus", "turn", "media_address"}
    assert "a-secret" not in printed


def test_the_media_address_is_no_loopback_one() -> None:
    assert not host_address().startswith("127.")


def test_several_on_one_host_have_each_their_own_secret_and_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("janus-api", "janus-2-api", "turn"):
        (tmp_path / name).write_text(f"secret of {name}\n")
    instances = ["--janus", "janus:18188", "--janus", "janus-2:18189", "--peer", "192.0.2.8"]
    main(["--directory", str(tmp_path / "mdd"), "--secrets", str(tmp_path), "--media-address", "192.0.2.7", *instances])
    commands = json.loads(capsys.readouterr().out)
    assert commands["janus"] != commands["janus-2"]
    for name, port in (("janus", 18188), ("janus-2", 18189)):
        assert f'api_secret = "secret of {name}-api"' in (tmp_path / "mdd" / name / "janus.jcfg").read_text()
        assert f"ws_port = {port}" in (tmp_path / "mdd" / name / "janus.transport.websockets.jcfg").read_text()
    relay = (tmp_path / "mdd/turn/turnserver.conf").read_text().splitlines()
    assert [line for line in relay if line.startswith("allowed-peer-ip")] == [
        "allowed-peer-ip=192.0.2.7",
        "allowed-peer-ip=192.0.2.8",
    ]


@pytest.mark.parametrize("wrong", [["--janus", "turn:1"], ["--janus", "../x:1"], ["--janus", "x"], ["--peer", "0.0.0.0/0"]])
def test_names_and_addresses_of_another_form_are_refused(tmp_path: Path, wrong: list[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--directory", str(tmp_path / "mdd"), "--secrets", str(tmp_path), *wrong])
    assert not (tmp_path / "mdd").exists()
