"""The server at its edges: slow and endless heads, slow bodies, and a stop with streams open."""

import os
import re
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

PROGRAM = """
import asyncio, sys
from auscult.surface import server
from auscult.surface.api import limits
from auscult.surface.app import create_app
from tests.unit.surface.fake_engine import FakeEngine

server.HEADER_S = limits.BODY_S = 1.0

async def main():
    engine = FakeEngine(host="127.0.0.1", loopback_tenant="acme")
    engine.add_key("ak", "acme", "writer")
    await server.serve(
        create_app(engine), server.listen("127.0.0.1", 0), close_streams=engine.hub.close,
        on_ready=lambda address: print(address, flush=True),
    )
    print("drained", flush=True)

asyncio.run(main())
"""


@pytest.fixture
def served() -> "Iterator[tuple[subprocess.Popen[str], int]]":
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
        env={**os.environ, "PYTHONPATH": "src:."},
    )
    assert process.stdout is not None
    address = re.fullmatch(r"http://127.0.0.1:(\d+)/\n", process.stdout.readline())
    assert address
    yield process, int(address[1])
    if process.poll() is None:
        process.kill()
    process.wait(10)
    process.stdout.close()


def talk(port: int, *pieces: bytes, wait_s: float = 5.0) -> bytes:
    """Send pieces and return all that is answered until the server closes (or `wait_s` pass)."""
    with socket.create_connection(("127.0.0.1", port), timeout=wait_s) as line:
        for piece in pieces:
            line.sendall(piece)
        return read_all(line)


def read_all(line: socket.socket) -> bytes:
    heard = b""
    try:
        while piece := line.recv(65536):
            heard += piece
    except (TimeoutError, ConnectionResetError):
        pass
    return heard


def test_a_silent_client_is_let_go(served: "tuple[subprocess.Popen[str], int]") -> None:
    _, port = served
    began_s = time.monotonic()
    assert talk(port, b"GET /healthz HTT").startswith(b"HTTP/1.1 408 ")
    assert talk(port).startswith(b"HTTP/1.1 408 ")
    assert time.monotonic() - began_s < 4


def test_a_head_without_end_is_refused(served: "tuple[subprocess.Popen[str], int]") -> None:
    _, port = served
    lines = b"".join(b"x-%d: %s\r\n" % (i, b"y" * 1000) for i in range(60))
    assert talk(port, b"GET / HTTP/1.1\r\nhost: x\r\n", lines).startswith(b"HTTP/1.1 431 ")
    ok = b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
    assert talk(port, ok).startswith(b"HTTP/1.1 200 ")


def test_a_second_request_on_the_same_line_has_its_own_head(
    served: "tuple[subprocess.Popen[str], int]",
) -> None:
    _, port = served
    with socket.create_connection(("127.0.0.1", port), timeout=5) as line:
        line.sendall(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
        assert line.recv(65536).startswith(b"HTTP/1.1 200 ")
        line.sendall(b"GET /hea")
        assert b"HTTP/1.1 408 " in read_all(line)


def test_a_slow_body_is_let_go(served: "tuple[subprocess.Popen[str], int]") -> None:
    _, port = served
    head = (
        b"POST /api/v1/write HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ak\r\n"
        b"content-type: application/x-protobuf\r\ncontent-length: 1000\r\n"
        b"connection: close\r\n\r\nabc"
    )
    heard = talk(port, head)
    assert heard.startswith(b"HTTP/1.1 408 ")
    assert b"input.too_slow" in heard


def open_stream(port: int) -> socket.socket:
    line = socket.create_connection(("127.0.0.1", port), timeout=5)
    line.sendall(b"GET /events HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n")
    heard = b""
    while b"event: hello" not in heard:
        heard += line.recv(65536)
    return line


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_one_signal_drains_and_ends_with_zero(
    served: "tuple[subprocess.Popen[str], int]", number: signal.Signals
) -> None:
    process, port = served
    lines = [open_stream(port) for _ in range(3)]
    began_s = time.monotonic()
    process.send_signal(number)
    assert process.wait(10) == 0
    assert time.monotonic() - began_s < 3
    assert process.stdout is not None
    assert process.stdout.read() == "drained\n"
    for line in lines:
        line.close()


def test_the_stream_beats_so_that_silence_means_something(
    served: "tuple[subprocess.Popen[str], int]",
) -> None:
    _, port = served
    with open_stream(port) as line, selectors.DefaultSelector() as waiting:
        waiting.register(line, selectors.EVENT_READ)
        assert waiting.select(4), "nothing was heard for 4 s"
        assert b"event: beat" in line.recv(65536)


def test_a_fourth_page_is_asked_to_come_later(
    served: "tuple[subprocess.Popen[str], int]",
) -> None:
    _, port = served
    lines = [open_stream(port) for _ in range(3)]
    ask = b"GET /events HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n"
    heard = talk(port, ask).lower()
    assert heard.startswith(b"http/1.1 503 ")
    assert b"retry-after: 30" in heard
    for line in lines:
        line.close()
