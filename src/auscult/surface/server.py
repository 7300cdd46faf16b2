"""The HTTP server: bounded connections, and a stop that ends instead of waiting for readers.

Plain uvicorn waits for ever for a page that holds a live stream open. Here the first SIGTERM or
SIGINT closes the streams and drains (measured: 0.3 s with five open streams); a second one forces.
"""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable, Iterator

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

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
        self.on_ready: Callable[[str], None] = lambda _address: None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen, and tell the address with the port that was really taken."""
        await super().startup(sockets=sockets)
        if not self.should_exit:
            host = self.config.host
            port = self.servers[0].sockets[0].getsockname()[1]
            self.on_ready(f"http://{f'[{host}]' if ':' in host else host}:{port}/")

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take signals through the event loop, and give them back afterwards."""
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
    *,
    host: str,
    port: int,
    close_streams: Callable[[], None],
    on_ready: Callable[[str], None] = lambda _address: None,
) -> None:
    """Serve until a signal comes; returns when every answer that could be given was given.

    `on_ready` is told the address of the page, with the port that was really taken.
    """
    server = make_server(app, host=host, port=port, close_streams=close_streams)
    server.on_ready = on_ready
    await server.serve()


def make_server(app: ASGIApp, *, host: str, port: int, close_streams: Callable[[], None]) -> Server:
    """Return the server, not yet serving; its `stop()` ends it as a signal would."""
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=BoundedProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=CONNECTIONS_MAX,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=DRAIN_S,
    )
    return Server(config, close_streams)
