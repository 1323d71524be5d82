"""A line into an instance's HTTPS port for clients that read and write in two threads.

Python 3.11's TLS sockets do not bear that (seen: lost answers, ``SSLError: internal error``): here one thread does both.
"""

import select
import socket
import ssl
import threading
from contextlib import suppress

CHUNK_BYTES = 65536


def open_line(port: int, trust: ssl.SSLContext, name: str) -> socket.socket:
    """Return a plain socket whose other end is a verified TLS connection to ``name`` on the loopback ``port``."""
    tls = trust.wrap_socket(socket.create_connection(("127.0.0.1", port), timeout=10), server_hostname=name)
    near, far = socket.socketpair()
    threading.Thread(target=_carry, args=(tls, far), daemon=True).start()
    return near


def _carry(tls: ssl.SSLSocket, far: socket.socket) -> None:
    with tls, far, suppress(OSError):
        while True:
            ready, _, _ = select.select([tls, far], [], [])
            if tls in ready:
                data, is_over = _received(tls)
                far.sendall(data)
                if is_over:
                    return
            if far in ready:
                data = far.recv(CHUNK_BYTES)
                if not data:
                    return
                tls.sendall(data)


def _received(tls: ssl.SSLSocket) -> tuple[bytes, bool]:
    """What has come, nothing for a record without data such as a session ticket; and whether it was the last.

    The goodbye may come together with the last data, and nothing after it: a server keeps the line until it is answered.
    """
    data = b""
    tls.settimeout(0)
    try:
        while chunk := tls.recv(CHUNK_BYTES):
            data += chunk
    except ssl.SSLWantReadError:
        return data, False
    except OSError:  # cut without a goodbye: what came before counts
        return data, True
    finally:
        tls.settimeout(None)
    return data, True
