"""A proxy on loopback that passes on what it likes and answers the rest in its own way."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

Trouble = Callable[[socket.socket], None]
"""Answers one request, whose head was read; the connection is closed afterwards."""

STALL_S = 20.0  # far beyond what the tests wait for


def says(status: str, body: bytes, *headers: str) -> Trouble:
    """A whole answer."""
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]

    def answer(client: socket.socket) -> None:
        client.sendall("\r\n".join([*head, "", ""]).encode() + body)

    return answer


def half_closed(client: socket.socket) -> None:
    """No answer; only the other direction stays open."""
    client.shutdown(socket.SHUT_WR)
    with suppress(OSError):
        client.settimeout(1.0)
        client.recv(1)


def reset(client: socket.socket) -> None:
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def babble(client: socket.socket) -> None:
    client.sendall(b"\x16\x03\x01 220 this is another protocol\r\n\r\n")


def cut_short(client: socket.socket) -> None:
    client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")


def chunks_that_end(client: socket.socket) -> None:
    client.sendall(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"a":\r\n')


def chunks_that_stop(client: socket.socket) -> None:
    chunks_that_end(client)
    _stall(client)


def slow_head(client: socket.socket) -> None:
    _trickle(client, b"HTTP/1.1 200 OK\r\nX-Padding: " + b"x" * 10_000)


def slow_body(client: socket.socket) -> None:
    client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    _trickle(client, b" " * 100_000)


def _trickle(client: socket.socket, data: bytes) -> None:
    until_s = time.monotonic() + STALL_S
    with suppress(OSError):  # the client had enough
        for byte in data:
            if time.monotonic() > until_s:
                return
            client.sendall(bytes((byte,)))
            time.sleep(0.05)


def _stall(client: socket.socket) -> None:
    with suppress(OSError):
        client.settimeout(STALL_S)
        client.recv(1)  # ends when the client hangs up


@dataclass
class Front:
    """`rules`: (method and path's beginning) → (trouble, how often). `prefix` is taken away."""

    server: str
    url: str = ""
    prefix: str = ""
    rules: dict[str, tuple[Trouble, int]] = field(default_factory=dict)

    def serve(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                got = client.recv(65536)
                if not got:
                    return
                head += got
            line = head.split(b" HTTP/", 1)[0].decode()
            for start, (trouble, times) in self.rules.items():
                if line.startswith(start) and times:
                    self.rules[start] = trouble, times - 1
                    trouble(client)
                    return
            self._pass_on(client, head.replace(b" " + self.prefix.encode() + b"/", b" /", 1))

    def _pass_on(self, client: socket.socket, head: bytes) -> None:
        to = urlsplit(self.server)
        with socket.create_connection((to.hostname, to.port or 80)) as server:
            server.sendall(head.replace(b"Connection: keep-alive", b"Connection: close"))
            back = threading.Thread(target=_relay, args=(server, client), daemon=True)
            back.start()
            _relay(client, server)
            back.join(STALL_S)


def _relay(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


@contextmanager
def fronting(server: str, host: str = "127.0.0.1") -> Iterator[Front]:
    """Run a front before a server."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as door:
        door.bind((host, 0))
        door.listen()
        shown = f"[{host}]" if ":" in host else host
        front = Front(server, f"http://{shown}:{door.getsockname()[1]}")

        def accept() -> None:
            with suppress(OSError):
                while True:
                    client, _ = door.accept()
                    threading.Thread(target=front.serve, args=(client,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        try:
            yield front
        finally:
            with suppress(OSError):
                door.shutdown(socket.SHUT_RDWR)
