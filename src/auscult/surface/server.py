"""The HTTP server: bounded connections, and a stop that ends instead of waiting for readers.

Plain uvicorn waits for ever for a page that holds a live stream open. Here the first SIGTERM or
SIGINT closes the streams and drains (measured: 0.3 s with five open streams); a second one forces.
"""

import asyncio
import contextlib
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from auscult.kernel.errors import SettingError
from auscult.vault.tls import server_tls_context

HEADER_S = 10.0
"""How long a client may take to say its whole request head."""
HEADER_BYTES = 32 * 1024
KEEP_ALIVE_S = 75
DRAIN_S = 5
CONNECTIONS_MAX = 2_000
BACKLOG = 512
STOPS = (signal.SIGTERM, signal.SIGINT)


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol with a bound on the size and the time of a request's head.

    llhttp itself keeps neither, so a client could hold a connection with one byte a minute
    (slow loris) or send headers without end.
    """

    _head_bytes = 0
    _in_head = True
    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to count: the head is due."""
        super().connection_made(transport)
        self._head_timer = self.loop.call_later(HEADER_S, self._give_up)

    def data_received(self, data: bytes) -> None:
        """Count head bytes before they are parsed."""
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_timer is None:
                self._head_timer = self.loop.call_later(HEADER_S, self._give_up)
        super().data_received(data)
        if self._in_head and self._head_bytes > HEADER_BYTES and not self.transport.is_closing():
            self._refuse(b"431 Request Header Fields Too Large")

    def on_headers_complete(self) -> None:
        """The head is whole: its bounds are done with."""
        self._in_head = False
        self._head_bytes = 0
        self._stop_timer()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The body is whole: what comes next is another head."""
        super().on_message_complete()
        self._in_head = True

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the timer with the connection."""
        self._stop_timer()
        super().connection_lost(exc)

    def _give_up(self) -> None:
        self._head_timer = None
        if not self.transport.is_closing():
            self._refuse(b"408 Request Timeout")

    def _refuse(self, status: bytes) -> None:
        self.transport.write(
            b"HTTP/1.1 " + status + b"\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        )
        self.transport.close()

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None


class Server(uvicorn.Server):
    """uvicorn's server with our own answer to signals."""

    def __init__(self, config: uvicorn.Config, close_streams: Callable[[], None]) -> None:
        """Take what ends the live streams."""
        super().__init__(config)
        self._close_streams = close_streams
        self.on_ready: Callable[[], None] = lambda: None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer, and say so."""
        await super().startup(sockets=sockets)
        if self.started:
            self.on_ready()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take signals through the event loop, and give them back afterwards.

        Only a process's main thread hears signals; elsewhere `stop` is called by whoever owns it.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        loop = asyncio.get_running_loop()
        for number in STOPS:
            loop.add_signal_handler(number, self.stop)
        try:
            yield
        finally:
            for number in STOPS:
                loop.remove_signal_handler(number)

    def stop(self) -> None:
        """End gently; asked a second time, end now."""
        if self.should_exit:
            self.force_exit = True
        self._close_streams()
        self.should_exit = True


async def serve(
    app: ASGIApp,
    door: socket.socket,
    *,
    close_streams: Callable[[], None],
    on_ready: Callable[[str], None] = lambda _address: None,
    tls: tuple[Path | None, Path | None] = (None, None),
) -> None:
    """Serve on a bound socket until a signal comes; returns when what was begun is answered.

    `on_ready` is told the address of the page once it answers; `tls` is certificate and key.
    """
    server = make_server(app, close_streams=close_streams, tls=tls)
    host, port = door.getsockname()[:2]
    scheme = "https" if tls[0] else "http"
    server.on_ready = lambda: on_ready(f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}/")
    await server.serve(sockets=[door])


def make_server(
    app: ASGIApp,
    *,
    close_streams: Callable[[], None],
    tls: tuple[Path | None, Path | None] = (None, None),
) -> Server:
    """Return the server, not yet serving; its `stop()` ends it as a signal would."""
    certificate, key = tls
    config = uvicorn.Config(
        app,
        http=BoundedProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=CONNECTIONS_MAX,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=DRAIN_S,
        ssl_context_factory=(
            (lambda _config, _default: server_tls_context(certificate, key))
            if certificate and key
            else None
        ),
    )
    return Server(config, close_streams)


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens there (port 0: any free one); raises `SettingError`."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        family, kind, protocol, _, address = found[0]
        door = socket.socket(family, kind, protocol)
    except OSError as why:
        raise SettingError(f"server.host {host!r}: {why.strerror}") from None
    try:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind(address)
        door.listen(BACKLOG)
        door.setblocking(False)  # noqa: FBT003  # the socket's own signature
    except OSError as why:
        door.close()
        raise SettingError(f"server.port {port} on {host}: {why.strerror}") from None
    return door
