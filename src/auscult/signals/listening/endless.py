"""Following an endless stream over HTTP (Icecast and its like): one body that never ends."""

import asyncio
import queue
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import BinaryIO, cast

import numpy as np

from auscult.kernel.errors import StreamUnheard
from auscult.kernel.sounds import Heard, Pcm, Unheard, Why
from auscult.signals.listening.decoding import Decoder
from auscult.signals.listening.fetching import Fetching

STRETCH_S = 0.5
"""Decoded sound is handed on in stretches of this length."""

IDLE_S = 0.1
"""Where no frame comes for so long, what is there is handed on; frames are shorter."""

CHUNKS_WAITING_MAX = 64
BEHIND_MAX_S = 10.0
AGAIN_S = 1.0
AGAIN_MAX_S = 30.0


class Pipe:
    """Bytes from the event loop to a decoder's thread, which reads them as a file."""

    def __init__(self) -> None:
        """Begin empty."""
        self._chunks: queue.Queue[bytes] = queue.Queue(CHUNKS_WAITING_MAX)
        self._left = b""
        self._is_closed = threading.Event()

    async def write(self, chunk: bytes) -> None:
        """Hand bytes over; waits where the decoder is behind, so that the sender is slowed down."""
        try:
            self._chunks.put_nowait(chunk)
        except queue.Full:
            await asyncio.to_thread(self._chunks.put, chunk, timeout=BEHIND_MAX_S)

    def close(self) -> None:
        """Let the reader see the end."""
        self._is_closed.set()

    def read(self, size: int) -> bytes:
        """Return at most `size` bytes as soon as there are some; none at the end."""
        while not self._left:
            try:
                self._left = self._chunks.get(timeout=0.1)
            except queue.Empty:
                if self._is_closed.is_set():
                    return b""
        taken, self._left = self._left[:size], self._left[size:]
        return taken


@dataclass(slots=True)
class EndlessListener:
    """One endless stream. `listen` yields for ever: a stream that ends or breaks is asked again.

    Each connection is one `Heard(follows=False)` and then what follows it.
    """

    fetching: Fetching
    url: str
    now_ms: Callable[[], int]
    again_s: float = AGAIN_S
    _heard: "asyncio.Queue[tuple[Pcm, int] | StreamUnheard | None]" = field(
        default_factory=asyncio.Queue
    )

    async def listen(self) -> AsyncGenerator[Heard | Unheard]:
        """Yield what is heard, in stretches of half a second."""
        wait_s = self.again_s
        while True:
            try:
                async with aclosing(self._listen_once()) as connected:
                    async for heard in connected:
                        yield heard
                        wait_s = self.again_s
                yield Unheard(Why.ENDED, self.now_ms(), "the server ended the stream")
            except StreamUnheard as why:
                yield Unheard(Why(why.why), self.now_ms(), why.detail[:500])
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, AGAIN_MAX_S)

    async def _listen_once(self) -> AsyncGenerator[Heard]:
        async with self.fetching.stream(self.url) as (_, chunks):
            pipe, tally = Pipe(), _Tally()
            self._heard = asyncio.Queue()
            pouring = asyncio.create_task(_pour(chunks, pipe, tally))
            loop = asyncio.get_running_loop()
            decoding = threading.Thread(
                target=self._decode, args=(pipe, loop), name="ear", daemon=True
            )
            decoding.start()
            try:
                async for heard in self._gather(tally):
                    yield heard
                await pouring
            finally:
                pipe.close()
                pouring.cancel()
                await asyncio.to_thread(decoding.join)

    async def _gather(self, tally: "_Tally") -> AsyncIterator[Heard]:
        """Join frames to stretches; a change of the coding begins a new one.

        What is there is handed on where no more comes: sound that is sent in chunks would else be
        told a chunk later than it arrived.
        """
        frames: list[Pcm] = []
        held, rate_hz, follows, came_ms = 0, 0, False, 0
        while True:
            one = await self._next_frame(frames)
            changed = isinstance(one, tuple) and bool(frames) and _differ(one, frames[0], rate_hz)
            if frames and (not isinstance(one, tuple) or changed or held >= STRETCH_S * rate_hz):
                size_bytes = tally.take()
                yield Heard(np.concatenate(frames), rate_hz, came_ms, size_bytes, follows=follows)
                frames, held, follows = [], 0, not changed
            if isinstance(one, StreamUnheard):
                raise one
            if one is None:
                return
            if isinstance(one, tuple):
                frames.append(one[0])
                held, rate_hz, came_ms = held + len(one[0]), one[1], self.now_ms()

    async def _next_frame(
        self, frames: list[Pcm]
    ) -> "tuple[Pcm, int] | StreamUnheard | _Idle | None":
        """Wait for the next frame, but not for long where some are held."""
        try:
            return await asyncio.wait_for(self._heard.get(), IDLE_S if frames else None)
        except TimeoutError:
            return _Idle()

    def _decode(self, pipe: Pipe, loop: asyncio.AbstractEventLoop) -> None:
        """Decode in a thread of its own until the pipe is closed."""

        def tell(found: tuple[Pcm, int] | StreamUnheard | None) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._heard.put_nowait, found)

        try:
            for found in Decoder().decode_stream(cast("BinaryIO", pipe), bounded=False):
                tell(found)
        except StreamUnheard as why:
            tell(why)
        tell(None)


class _Idle:
    """No frame has come for a while."""


def _differ(one: tuple[Pcm, int], before: Pcm, rate_hz: int) -> bool:
    return one[1] != rate_hz or one[0].shape[1] != before.shape[1]


@dataclass(slots=True)
class _Tally:
    """Bytes that came since somebody asked."""

    count: int = 0

    def take(self) -> int:
        taken, self.count = self.count, 0
        return taken


async def _pour(chunks: AsyncIterator[bytes], pipe: Pipe, tally: _Tally) -> None:
    try:
        async for chunk in chunks:
            await pipe.write(chunk)
            tally.count += len(chunk)
    except queue.Full:
        raise StreamUnheard("it cannot be decoded as fast as it comes", why=Why.SLOW) from None
    finally:
        pipe.close()
