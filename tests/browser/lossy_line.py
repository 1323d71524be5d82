"""A line between a browser and a relay (TURN over UDP) that loses some of what comes down it, as long as it is told to."""

import random
import select
import socket
import threading
from typing import Self

PACKET_BYTES = 65536
LOOK_S = 0.2

# The page's peer connections go through the relay alone, and to it by this line. Nothing of the product is changed.
THROUGH = """
const Direct = RTCPeerConnection;
window.RTCPeerConnection = class extends Direct {
  constructor(configuration) {
    const iceServers = configuration.iceServers.map((server) => ({
      ...server, urls: [server.urls].flat().filter((url) => url.startsWith('turn:') && !url.includes('tcp'))
        .map((url) => url.replace(/:\\d+(?=$|\\?)/, ':PORT')),
    })).filter(({ urls }) => urls.length > 0);
    super({ ...configuration, iceServers, iceTransportPolicy: 'relay' });
  }
};
"""


class LossyLine:
    """Carries datagrams between whoever sends to `port` and 127.0.0.1:``target``."""

    def __init__(self, target: int) -> None:
        self.loss = 0.0
        self._target = ("127.0.0.1", target)
        self._near = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._near.bind(("127.0.0.1", 0))
        self.port = int(self._near.getsockname()[1])
        self._far: dict[tuple[str, int], socket.socket] = {}
        self._chance = random.Random(1)  # noqa: S311 (the same packets each time)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._carry, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self._thread.join()
        for each in (self._near, *self._far.values()):
            each.close()

    @property
    def script(self) -> str:
        """For the page: go by this line."""
        return THROUGH.replace("PORT", str(self.port))

    def _carry(self) -> None:
        while not self._over.is_set():
            clients = {far: client for client, far in self._far.items()}
            for ready in select.select([self._near, *clients], [], [], LOOK_S)[0]:
                if ready is self._near:
                    self._up()
                else:
                    self._down(ready, clients[ready])

    def _up(self) -> None:
        packet, client = self._near.recvfrom(PACKET_BYTES)
        if client not in self._far:
            self._far[client] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self._far[client].connect(self._target)
        self._far[client].send(packet)

    def _down(self, far: socket.socket, client: tuple[str, int]) -> None:
        packet = far.recv(PACKET_BYTES)
        if self._chance.random() >= self.loss:
            self._near.sendto(packet, client)
