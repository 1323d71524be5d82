"""Configuration of Janus 1.1: one plugin (VideoRoom), one transport (WebSocket on loopback), no admin API.

Janus finds its parts by folder and loads everything that is not named in ``disable``; so all others are named.
"""

import secrets
from pathlib import Path

from provider.mdd.private_file import write_private_file
from provider.mdd.room_key import room_admin_key

PLUGIN = "libjanus_videoroom.so"
TRANSPORT = "libjanus_websockets.so"
SESSION_TIMEOUT_S = 60

_CORE = """\
general: {{
    configs_folder = "{directory}"
    plugins_folder = "{parts}/plugins"
    transports_folder = "{parts}/transports"
    events_folder = "{parts}/events"
    loggers_folder = "{parts}/loggers"
    log_to_stdout = true
    debug_level = 3
    debug_colors = false
    debug_timestamps = true
    admin_secret = "{admin_secret}"
    api_secret = "{api_secret}"
    session_timeout = {session_timeout}
    reclaim_session_timeout = 0
    hide_dependencies = true
    server_name = "MDD"
}}
certificates: {{
    dtls_accept_selfsigned = true
}}
media: {{
    ipv6 = false
    rtp_port_range = "{first_port}-{last_port}"
}}
nat: {{
    nice_debug = false
    full_trickle = false
    ice_lite = {ice_lite}
    ice_tcp = false
    # Names of endpoints' candidates are never resolved: whoever sends them would choose what this host looks up.
    ignore_mdns = true
    ice_enforce_list = "{media_address}"
}}
plugins: {{
    disable = "{disabled_plugins}"
}}
transports: {{
    disable = "{disabled_transports}"
}}
loggers: {{
    disable = "{disabled_loggers}"
}}
events: {{
    broadcast = false
    disable = "{disabled_events}"
}}
"""

_VIDEOROOM = """\
general: {{
    admin_key = "{admin_key}"
    lock_rtp_forward = true
    events = false
    string_ids = true
}}
"""

_WEBSOCKETS = """\
general: {{
    json = "compact"
    pingpong_trigger = 20
    pingpong_timeout = 10
    ws = true
    ws_port = {websocket_port}
    ws_ip = "127.0.0.1"
    wss = false
}}
admin: {{
    admin_ws = false
    admin_wss = false
}}
"""


def find_janus_parts() -> Path:
    """Folder of the installed Janus' plugins and transports.

    Raises:
        FileNotFoundError: Janus is not installed.

    """
    for found in sorted(Path("/usr/lib").glob(f"*/janus/plugins/{PLUGIN}")):
        return found.parent.parent
    message = "Janus is not installed (Debian package janus)"
    raise FileNotFoundError(message)


def write_janus_config(
    directory: Path,
    *,
    websocket_port: int,
    api_secret: str,
    media_address: str,
    rtp_ports: tuple[int, int] = (20000, 20999),
    ice_lite: bool = True,
) -> None:
    """Write Janus' configuration files into ``directory`` (mode 0700, files 0600).

    Args:
        directory: where the files go; also given to `janus_command`.
        websocket_port: TCP port of its API, always on 127.0.0.1.
        api_secret: what every API request must carry.
        media_address: the only address it offers and binds for media; Janus 1.1 refuses loopback ones, then takes all.
        rtp_ports: first and last UDP port for media.
        ice_lite: it answers connectivity checks and never makes one.

    Raises:
        FileNotFoundError: Janus is not installed.

    """
    parts = find_janus_parts()
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    core = _CORE.format(
        directory=directory.resolve(),
        parts=parts,
        admin_secret=secrets.token_urlsafe(32),
        api_secret=api_secret,
        session_timeout=SESSION_TIMEOUT_S,
        first_port=rtp_ports[0],
        last_port=rtp_ports[1],
        ice_lite=str(ice_lite).lower(),
        media_address=media_address,
        disabled_plugins=_all_but(parts / "plugins", PLUGIN),
        disabled_transports=_all_but(parts / "transports", TRANSPORT),
        disabled_loggers=_all_but(parts / "loggers", None),
        disabled_events=_all_but(parts / "events", None),
    )
    write_private_file(directory / "janus.jcfg", core)
    write_private_file(directory / "janus.plugin.videoroom.jcfg", _VIDEOROOM.format(admin_key=room_admin_key(api_secret)))
    write_private_file(directory / "janus.transport.websockets.jcfg", _WEBSOCKETS.format(websocket_port=websocket_port))


def janus_command(directory: Path) -> list[str]:
    """Command that runs Janus in the foreground with the configuration in ``directory``, logging to its output."""
    return ["janus", f"--configs-folder={directory.resolve()}", f"--config={directory.resolve() / 'janus.jcfg'}"]


def _all_but(folder: Path, kept: str | None) -> str:
    return ",".join(sorted(path.name for path in folder.glob("*.so") if path.name != kept))
