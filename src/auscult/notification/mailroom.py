"""The mailroom: threads of their own for SMTP, whose library knows only blocking calls.

In the threads that everybody shares, a few mail servers that answer slowly would keep the resolver
of every other channel's address, and with it every page, waiting.
"""

import asyncio
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import smtplib

T = TypeVar("T")

MAILS_AT_ONCE = 64
"""As many as attempts are made at once, so that no mail waits for another tenant's mail server.
Threads begin when they are needed."""


@dataclass(slots=True)
class Line:
    """A connection to a mail server, held where whoever gives up waiting can cut it."""

    server: "smtplib.SMTP | None" = None
    is_cut: bool = False

    def hold(self, server: "smtplib.SMTP") -> None:
        """Take the connection, which ends at once where it was given up while it was made."""
        self.server = server
        if self.is_cut:
            self.cut()

    def cut(self) -> None:
        """Let whatever waits on this connection fail now, so that its thread is free again."""
        self.is_cut = True
        wire = self.server.sock if self.server is not None else None
        if wire is not None:
            with suppress(OSError):
                socket.socket.shutdown(wire, socket.SHUT_RDWR)  # below TLS, which would ask back


class Mailroom:
    """The threads in which mail is handed over."""

    def __init__(self) -> None:
        """Begin without a thread."""
        self._threads: ThreadPoolExecutor | None = None

    async def run(self, work: Callable[[Line], T]) -> T:
        """Do some blocking work; when its caller is cancelled, its line is cut."""
        if self._threads is None:
            self._threads = ThreadPoolExecutor(MAILS_AT_ONCE, thread_name_prefix="mail")
        line = Line()
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work, line)
        except asyncio.CancelledError:
            line.cut()
            raise

    def close(self) -> None:
        """End the threads: idle ones now, busy ones with what they do. `run` would begin anew."""
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)
            self._threads = None


MAILROOM = Mailroom()
