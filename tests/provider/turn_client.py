"""As much of a TURN client as it takes to ask a relay for peers that it must refuse (RFC 8489, RFC 8656)."""

import hashlib
import hmac
import ipaddress
import secrets
import socket
import struct

MAGIC = 0x2112A442
ALLOCATE, CREATE_PERMISSION, CHANNEL_BIND = 0x003, 0x008, 0x009
USERNAME, INTEGRITY, ERROR, CHANNEL, PEER, REALM, NONCE = 0x006, 0x008, 0x009, 0x00C, 0x012, 0x014, 0x015
REQUESTED_TRANSPORT, REQUESTED_FAMILY = 0x019, 0x017
UDP, TCP = 17, 6
SUCCESS, REFUSED = 0x0100, 0x0110


class TurnClient:
    """One 5-tuple. Answers are 0 for success, else the relay's error number."""

    def __init__(self, port: int, username: str, password: str) -> None:
        self.username, self.password = username, password
        self.realm = self.nonce = b""
        self.line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.line.settimeout(5)
        self.line.connect(("127.0.0.1", port))

    def close(self) -> None:
        self.line.close()

    def allocate(self, *, transport: int = UDP) -> int:
        wanted = [(REQUESTED_TRANSPORT, bytes([transport, 0, 0, 0]))]
        if self._ask(ALLOCATE, wanted, signed=False) != 401:
            return -1
        return self._ask(ALLOCATE, wanted)

    def permit(self, peer: str) -> int:
        return self._ask(CREATE_PERMISSION, [(PEER, self._address(peer, 0))])

    def bind(self, peer: str, *, channel: int = 0x4000) -> int:
        return self._ask(CHANNEL_BIND, [(CHANNEL, struct.pack("!HH", channel, 0)), (PEER, self._address(peer, 5000))])

    def _address(self, text: str, port: int) -> bytes:
        address = ipaddress.ip_address(text)
        mask = struct.pack("!I", MAGIC) + (self.transaction if address.version == 6 else b"")
        packed = bytes(a ^ b for a, b in zip(address.packed, mask, strict=True))
        return struct.pack("!BBH", 0, 1 if address.version == 4 else 2, port ^ (MAGIC >> 16)) + packed

    def _ask(self, method: int, attributes: list[tuple[int, bytes]], *, signed: bool = True) -> int:
        if signed:
            attributes = [*attributes, (USERNAME, self.username.encode()), (REALM, self.realm), (NONCE, self.nonce)]
        body = b"".join(_attribute(kind, value) for kind, value in attributes)
        transaction = self.transaction
        self.transaction = secrets.token_bytes(12)
        if signed:
            head = struct.pack("!HHI", method, len(body) + 24, MAGIC) + transaction
            key = hashlib.md5(b":".join([self.username.encode(), self.realm, self.password.encode()])).digest()  # noqa: S324  RFC 8489 9.2
            body += _attribute(INTEGRITY, hmac.new(key, head + body, hashlib.sha1).digest())
        self.line.send(struct.pack("!HHI", method, len(body), MAGIC) + transaction + body)
        return self._answer(method)

    transaction = secrets.token_bytes(12)

    def _answer(self, method: int) -> int:
        data = self.line.recv(2000)
        kind = struct.unpack("!H", data[:2])[0]
        found = dict(_attributes(data[20:]))
        self.realm, self.nonce = found.get(REALM, self.realm), found.get(NONCE, self.nonce)
        if kind == method | SUCCESS:
            return 0
        assert kind == method | REFUSED
        return found[ERROR][2] * 100 + found[ERROR][3]


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)


def _attributes(data: bytes) -> list[tuple[int, bytes]]:
    found = []
    while data:
        kind, length = struct.unpack("!HH", data[:4])
        found.append((kind, data[4 : 4 + length]))
        data = data[4 + length + -length % 4 :]
    return found
