"""The limit: a process that sends given bytes to n sockets with one loop, and does nothing else."""

import multiprocessing
import select
import socket
import time
from multiprocessing.connection import Connection
from typing import Any, Self


def _serve(pipe: Connection, count: int) -> None:
    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    pipe.send(listener.getsockname()[1])
    sockets = [listener.accept()[0] for _ in range(count)]
    for one in sockets:
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    pipe.send("ready")
    while (size := pipe.recv()) is not None:
        data, before = bytes(size), time.process_time()
        begun = time.monotonic()
        for one in sockets:
            one.send(data)
        pipe.send((begun, time.process_time() - before))


def _listen(pipe: Connection, port: int, count: int) -> None:
    sockets = [socket.create_connection(("127.0.0.1", port)) for _ in range(count)]
    poll = select.epoll()
    by_number = {one.fileno(): one for one in sockets}
    for number in by_number:
        poll.register(number, select.EPOLLIN)
    pipe.send("ready")
    while (size := pipe.recv()) is not None:
        missing = dict.fromkeys(by_number, size)
        pipe.send("listening")
        while missing:
            for number, _ in poll.poll():
                missing[number] -= len(by_number[number].recv(65536))
                if missing[number] <= 0:
                    del missing[number]
        pipe.send(time.monotonic())


class Limit:
    """Sender and listener, each a process of its own."""

    def __init__(self, count: int) -> None:
        self.count = count

    def __enter__(self) -> Self:
        context = multiprocessing.get_context("spawn")
        self.pipes, self.processes = [], []
        port = self._start(context, _serve, self.count)
        self._start(context, _listen, port, self.count)
        self.pipes[0].recv()
        return self

    def _start(self, context: Any, target: Any, *arguments: Any) -> Any:
        ours, theirs = context.Pipe()
        process = context.Process(target=target, args=(theirs, *arguments))
        process.start()
        self.pipes.append(ours)
        self.processes.append(process)
        return ours.recv()

    def __exit__(self, *_error: object) -> None:
        for pipe in self.pipes:
            pipe.send(None)
        for process in self.processes:
            process.join(5)
            process.kill()

    def broadcast(self, size: int) -> tuple[float, float]:
        """Seconds until the last socket has ``size`` bytes, and CPU seconds of the sender."""
        self.pipes[1].send(size)
        self.pipes[1].recv()
        self.pipes[0].send(size)
        begun, cpu = self.pipes[0].recv()
        return self.pipes[1].recv() - begun, cpu
