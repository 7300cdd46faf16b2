"""Targets that misbehave when they are scraped, each in its own way."""

import gzip
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

CHUNK = b"x" * 65_536
Manner = Callable[[socket.socket], None]


def _said(body: bytes, *, more: bytes = b"") -> bytes:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nConnection: close\r\n"
    return head + more + b"\r\n" + body


def text(body: bytes) -> Manner:
    """Answer with a whole text."""
    return lambda line: line.sendall(_said(body))


def never_ends(line: socket.socket) -> None:
    """Send one sample a moment, for ever."""
    line.sendall(_said(b""))
    stop = threading.Event()
    while not stop.wait(0.1):
        line.sendall(b"drip 1\n")


def hundred_megabytes(line: socket.socket) -> None:
    """Send 100 MB as fast as they are taken."""
    line.sendall(_said(b"big 1\n# "))
    for _ in range(100 * 16):
        line.sendall(CHUNK)


def gzip_bomb() -> Manner:
    """Send 200 MB of blanks packed into 200 kB."""
    packed = gzip.compress(b" " * 200_000_000)
    return lambda line: line.sendall(_said(packed, more=b"Content-Encoding: gzip\r\n"))


def breaks_off(line: socket.socket) -> None:
    """Promise more than comes."""
    line.sendall(_said(b"half 1\n", more=b"Content-Length: 1000\r\n"))


def no_http(line: socket.socket) -> None:
    """Speak another language."""
    line.sendall(b"SSH-2.0-OpenSSH_9.2\r\n\x00\xff\xfe" + CHUNK[:2000])


def says_nothing(line: socket.socket) -> None:
    """Take the question and keep silent."""
    while line.recv(65_536):
        pass


def redirects(line: socket.socket) -> None:
    """Send the asker elsewhere, where it must not go."""
    line.sendall(b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\n\r\n")


@contextmanager
def misbehaving(manner: Manner) -> Iterator[str]:
    """Run a target with a manner; yields its host:port."""
    door = socket.create_server(("127.0.0.1", 0))

    def answer(line: socket.socket) -> None:
        with line:
            try:
                line.recv(65_536)
                manner(line)
            except OSError:
                return  # the asker has gone, as it should

    def listen() -> None:
        while True:
            try:
                line, _ = door.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(line,), daemon=True).start()

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{door.getsockname()[1]}"
    finally:
        door.shutdown(socket.SHUT_RDWR)
        door.close()
        thread.join(5)
