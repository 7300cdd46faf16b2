"""Between the event loop and a decoder's thread: bytes one way, frames the other, both bounded."""

import asyncio
import threading
from collections import deque
from typing import NamedTuple

from auscult.kernel.errors import StreamUnheard
from auscult.kernel.sounds import Pcm, Why

CHUNKS_WAITING_MAX = 64
SAMPLES_WAITING_MAX = 1 << 20
"""Of all channels together, 4 MB: eleven seconds of stereo at 48 kHz."""

BEHIND_MAX_S = 10.0
LOOK_S = 0.05


class Frame(NamedTuple):
    """Decoded samples, their rate, and when the last byte that it took to decode them came."""

    samples: Pcm
    rate_hz: int
    came_ms: int


Ending = StreamUnheard | None


class Frames:
    """Decoded frames on their way to the event loop; the decoder waits where nobody takes them."""

    def __init__(self) -> None:
        """Begin empty, on the running event loop."""
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[Frame | Ending] = asyncio.Queue()
        self._changed = threading.Condition()
        self._waiting = 0
        self._is_closed = False

    def put(self, frame: Frame) -> bool:
        """Hand a frame over, from the decoder's thread; False where no more are wanted."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or not self.is_full)
            if self._is_closed:
                return False
            self._waiting += frame.samples.size
        self._tell(frame)
        return True

    def end(self, why: Ending) -> None:
        """Say that no frame comes any more, and why if that is not as it should be."""
        self._tell(why)

    async def get(self) -> Frame | Ending:
        """Return the next frame, or how it ended."""
        found = await self._queue.get()
        if isinstance(found, Frame):
            with self._changed:
                self._waiting -= found.samples.size
                self._changed.notify()
        return found

    def close(self) -> None:
        """Want no more: a decoder that waits goes on, and sees it."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()

    @property
    def is_full(self) -> bool:
        """Whether the decoder has to wait for whoever listens."""
        return self._waiting >= SAMPLES_WAITING_MAX

    def _tell(self, found: Frame | Ending) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._queue.put_nowait, found)


class Pipe:
    """Bytes from the event loop to a decoder's thread, which reads them as a file."""

    def __init__(self, frames: Frames) -> None:
        """Begin empty; what is decoded goes to `frames`."""
        self._frames = frames
        self._chunks: deque[tuple[bytes, int]] = deque()
        self._changed = threading.Condition()
        self._left = b""
        self._is_closed = False
        self.came_ms = 0
        """When the newest bytes came that the decoder has taken."""

    async def write(self, chunk: bytes, came_ms: int) -> None:
        """Hand bytes over that came at `came_ms`; waits where the decoder is behind.

        So the sender is slowed down.

        No thread waits here: there are few, and a stream may be held back for hours. Raises
        `StreamUnheard` where the decoder takes nothing though its frames are taken.
        """
        behind_s = 0.0
        while len(self._chunks) >= CHUNKS_WAITING_MAX:
            if behind_s > BEHIND_MAX_S:
                raise StreamUnheard("it cannot be decoded as fast as it comes", why=Why.SLOW)
            await asyncio.sleep(LOOK_S)
            behind_s = 0.0 if self._frames.is_full else behind_s + LOOK_S
        with self._changed:
            self._chunks.append((chunk, came_ms))
            self._changed.notify()

    def close(self) -> None:
        """Let the reader see the end, after what is there."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()

    def read(self, size: int) -> bytes:
        """Return at most `size` bytes as soon as there are some; none at the end."""
        if not self._left:
            with self._changed:
                self._changed.wait_for(lambda: self._is_closed or bool(self._chunks))
                if not self._chunks:
                    return b""
                self._left, self.came_ms = self._chunks.popleft()
        taken, self._left = self._left[:size], self._left[size:]
        return taken
