"""The media distribution device (Janus) and the relay (coturn): configuration, and the Janus API.

Nothing here knows a key, a name or a title. Janus' API and the relay's front are bound to loopback unless told otherwise.
"""

from provider.mdd.host_address import host_address
from provider.mdd.janus_config import janus_command, write_janus_config
from provider.mdd.turn_config import turn_command, write_turn_config

__all__ = ["host_address", "janus_command", "turn_command", "write_janus_config", "write_turn_config"]
