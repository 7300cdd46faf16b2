"""A TCP proxy that treats what flows back to the client badly, in ways a real network does."""

import asyncio
import random
import socket
import struct
import time
from collections.abc import Coroutine
from dataclasses import dataclass
from itertools import count
from typing import Any

from soundstage.errors import BadSetting

PIECE_BYTES = 16_384
DEEPEST = 64
"""Pieces under way in one direction: what a pipe holds before the sender has to wait."""

MOST_CONNECTIONS = 256
MOST_DELAY_MS = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Impairment:
    """What happens to the answers; the defaults do nothing. Raises ``BadSetting``."""

    delay_ms: float = 0.0
    jitter_ms: float = 0.0
    """Each piece waits up to this much longer, but none overtakes another (it is TCP)."""

    rate_kbps: float = 0.0
    """Kilobits per second for the whole link; 0 is as fast as it goes."""

    drop_share: float = 0.0
    """Share of the answers after whose beginning nothing more comes, as when a link goes dead."""

    reset_share: float = 0.0
    """Share of the answers in the middle of which the connection is reset (RST)."""

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        if not (0 <= self.delay_ms <= MOST_DELAY_MS and 0 <= self.jitter_ms <= MOST_DELAY_MS):
            raise BadSetting(f"delay and jitter: 0 to {MOST_DELAY_MS} ms")
        if self.rate_kbps < 0 or not all(0 <= s <= 1 for s in (self.drop_share, self.reset_share)):
            raise BadSetting("a rate is not negative, and a share is from 0 to 1")


class Proxy:
    """One link: a port of its own in front of another one."""

    def __init__(self, port: int, impairment: Impairment, *, seed: int = 1) -> None:
        """Stand in front of loopback ``port``."""
        self._port, self._bad = port, impairment
        self._random = random.Random(seed)
        self._answers = count(1)
        self._free_s = 0.0
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> int:
        """Listen and return the port."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Stop listening and cut every connection."""
        if self._server:
            self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        if len(self._tasks) >= MOST_CONNECTIONS:
            writer.close()
            return
        self._tasks.add(task)
        try:
            await self._connect(reader, writer)
        except OSError:
            return  # either side has gone: the end of a connection, as ends go
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        back_reader, back_writer = await asyncio.open_connection("127.0.0.1", self._port)
        line: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(DEEPEST)
        works: list[Coroutine[Any, Any, None]] = [
            _copy(reader, back_writer),
            self._take(back_reader, line),
            self._give(line, writer),
        ]
        tasks = [asyncio.create_task(work) for work in works]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if tasks[1] in done and not tasks[0].done():  # what is under way still arrives
                await asyncio.wait(tasks[::2], return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                if task.done():
                    task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            back_writer.close()

    async def _take(
        self, reader: asyncio.StreamReader, line: asyncio.Queue[tuple[float, bytes]]
    ) -> None:
        due_s = 0.0
        while piece := await reader.read(PIECE_BYTES):
            late_ms = self._bad.delay_ms + self._bad.jitter_ms * self._random.random()
            due_s = max(due_s, time.monotonic() + late_ms / 1_000)
            await line.put((due_s, piece))
        await line.put((due_s, b""))

    async def _give(
        self, line: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter
    ) -> None:
        while True:
            due_s, piece = await line.get()
            await asyncio.sleep(due_s - time.monotonic())
            if not piece:
                return
            await self._queue_up(len(piece))
            fate = self._fate() if piece.startswith(b"HTTP/") else ""
            if fate:
                writer.write(piece[: len(piece) // 2])
                await writer.drain()
            if fate == "drop":
                await asyncio.Event().wait()
            if fate == "reset":
                reset(writer)
                return
            writer.write(piece)
            await writer.drain()

    async def _queue_up(self, size_bytes: int) -> None:
        if self._bad.rate_kbps:
            self._free_s = max(self._free_s, time.monotonic())
            self._free_s += size_bytes * 8 / 1_000 / self._bad.rate_kbps
            await asyncio.sleep(self._free_s - time.monotonic())

    def _fate(self) -> str:
        """Say what becomes of an answer: evenly spread, so that each run is alike."""
        number = next(self._answers)
        for fate, share in (("drop", self._bad.drop_share), ("reset", self._bad.reset_share)):
            if int(number * share) != int((number - 1) * share):
                return fate
        return ""


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(PIECE_BYTES):
        writer.write(piece)
        await writer.drain()


def reset(writer: asyncio.StreamWriter) -> None:
    """Close a connection with RST: lingering for zero seconds (socket(7))."""
    connection: socket.socket = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
