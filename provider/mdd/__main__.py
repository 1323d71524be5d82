"""Write the configuration of Janus and coturn and print the commands that run them, as one JSON object.

``python -m provider.mdd --directory DIR --secrets DIR --janus-port N --turn-port N --rtp-ports A-B --relay-ports A-B``
prints ``{"janus": [command…], "turn": [command…], "media_address": "…"}``. Several Janus on this host: ``--janus NAME:PORT``
for each instead of ``--janus-port``; each has its own command under its name, and its own directory. The secrets are read
from the files ``NAME-api`` and ``turn`` of the secrets directory. ``--peer ADDRESS`` names further MDDs to the relay.
"""

import argparse
import ipaddress
import json
import re
import sys
from pathlib import Path

from provider.mdd import host_address, janus_command, turn_command, write_janus_config, write_turn_config


def main(arguments: list[str] | None = None) -> None:
    """Entry point."""
    options = _parser().parse_args(arguments)
    address = options.media_address or host_address()
    instances = dict(options.janus or [("janus", options.janus_port)])
    for name, port in instances.items():
        write_janus_config(
            options.directory / name,
            websocket_port=port,
            api_secret=(options.secrets / f"{name}-api").read_text().strip(),
            media_address=address,
            rtp_ports=options.rtp_ports,
        )
    write_turn_config(
        options.directory / "turn",
        secret=(options.secrets / "turn").read_text().strip(),
        mdd_addresses=[address, *options.peer],
        listening_address=options.turn_address,
        port=options.turn_port,
        relay_ports=options.relay_ports,
    )
    commands = {
        **{name: janus_command(options.directory / name) for name in instances},
        "turn": turn_command(options.directory / "turn"),
        "media_address": address,
    }
    sys.stdout.write(json.dumps(commands) + "\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m provider.mdd")
    parser.add_argument("--directory", type=Path, required=True)
    parser.add_argument("--secrets", type=Path, required=True)
    parser.add_argument("--janus-port", type=int, default=8188)
    parser.add_argument("--janus", type=_instance, action="append")
    parser.add_argument("--peer", type=_address, action="append", default=[])
    parser.add_argument("--turn-address", default="127.0.0.1")
    parser.add_argument("--turn-port", type=int, default=3478)
    parser.add_argument("--media-address", default="")
    parser.add_argument("--rtp-ports", type=_ports, default=(20000, 20999))
    parser.add_argument("--relay-ports", type=_ports, default=(21000, 21999))
    return parser


def _instance(text: str) -> tuple[str, int]:
    name, port = text.split(":")
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,31}", name) or name == "turn":
        raise ValueError
    return name, int(port)


def _address(text: str) -> str:
    return str(ipaddress.ip_address(text))


def _ports(text: str) -> tuple[int, int]:
    first, last = text.split("-")
    return int(first), int(last)


if __name__ == "__main__":
    main()
