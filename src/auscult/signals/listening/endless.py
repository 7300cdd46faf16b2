"""Following an endless stream over HTTP (Icecast and its like): one body that never ends."""

import asyncio
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import BinaryIO, cast

import numpy as np

from auscult.kernel.errors import StreamUnheard
from auscult.kernel.sounds import Heard, Pcm, Unheard, Why
from auscult.signals.listening.bodies import name_media
from auscult.signals.listening.decoding import Decoder
from auscult.signals.listening.fetching import Fetching
from auscult.signals.listening.handover import Ending, Frame, Frames, Pipe

STRETCH_S = 0.5
"""Decoded sound is handed on in stretches of this length."""

IDLE_S = 0.1
"""Where no frame comes for so long, what is there is handed on; frames are shorter."""

SOUND_WITHIN_MIN_S = 5.0
"""Bytes become sound within the time limit, or within this one: FFmpeg looks at about a second of a
stream before it gives the first frame."""

BURST_S, PACE_MAX = 30.0, 2.0
"""A server may send so much at once, as Icecast does to fill a player's buffer. Beyond, sound is
taken no faster than this multiple of real time: a few bytes can hold hours. A sender whose clock is
fast, or that catches up, is not held back."""

AGAIN_S = 1.0
AGAIN_MAX_S = 30.0


@dataclass(slots=True)
class EndlessListener:
    """One endless stream. `listen` yields for ever: a stream that ends or breaks is asked again.

    Each connection is one `Heard(follows=False)` and then what follows it. Where the server says
    when the first sample was made, the first one bears that: counted on, it would drift with the
    clock that the samples are counted by.
    """

    fetching: Fetching
    url: str
    now_ms: Callable[[], int]
    again_s: float = AGAIN_S

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
        async with self.fetching.stream(self.url) as opened:
            frames, tally, begins_ms = Frames(), _Tally(), opened.begins_ms
            pipe = Pipe(frames)
            pouring = asyncio.create_task(self._pour(opened.chunks, pipe, tally))
            decoding = threading.Thread(
                target=_decode, args=(pipe, frames), name="ear", daemon=True
            )
            decoding.start()
            try:
                async for heard in self._gather(frames, tally):
                    yield replace(heard, media_ms=begins_ms)
                    begins_ms = None
                await pouring
            except StreamUnheard as why:
                raise name_media(_first_cause(pouring, why), opened.media) from None
            finally:
                frames.close()
                pipe.close()
                pouring.cancel()
                await asyncio.to_thread(decoding.join)

    async def _gather(self, coming: Frames, tally: "_Tally") -> AsyncIterator[Heard]:
        """Join frames to stretches; a change of the coding begins a new one.

        What is there is handed on where no more comes: sound that is sent in chunks would else be
        told a chunk later than it arrived.
        """
        frames: list[Pcm] = []
        held, rate_hz, follows, came_ms = 0, 0, False, 0
        pace = _Pace()
        while True:
            one = await self._next_frame(coming, tally, has_some=bool(frames))
            changed = isinstance(one, Frame) and bool(frames) and _differ(one, frames[0], rate_hz)
            if frames and (not isinstance(one, Frame) or changed or held >= STRETCH_S * rate_hz):
                size_bytes = tally.take()
                yield Heard(np.concatenate(frames), rate_hz, came_ms, size_bytes, follows=follows)
                await pace.keep(held / rate_hz)
                frames, held, follows = [], 0, not changed
            if isinstance(one, StreamUnheard):
                raise one
            if one is None:
                return
            if isinstance(one, Frame):
                frames.append(one.samples)
                held, rate_hz, came_ms = held + len(one.samples), one.rate_hz, one.came_ms

    async def _pour(self, chunks: AsyncIterator[bytes], pipe: Pipe, tally: "_Tally") -> None:
        try:
            async for chunk in chunks:
                tally.count += len(chunk)
                await pipe.write(chunk, self.now_ms())
        finally:
            pipe.close()

    async def _next_frame(
        self, coming: Frames, tally: "_Tally", *, has_some: bool
    ) -> "Frame | Ending | _Idle":
        """Wait for the next frame, but not for long where some are held.

        Raises `StreamUnheard` where bytes come and no sound: a drip, or a tag without an end.
        """
        within_s = IDLE_S if has_some else max(self.fetching.timeout_s, SOUND_WITHIN_MIN_S)
        while True:
            try:
                async with asyncio.timeout(within_s):
                    return await coming.get()
            except TimeoutError:
                if has_some:
                    return _Idle()
            if tally.count:  # where nothing comes at all, whoever reads the body says so
                detail = f"{tally.count} bytes came, and no sound within {within_s:g} s"
                raise StreamUnheard(detail, why=Why.NO_AUDIO)


def _decode(pipe: Pipe, frames: Frames) -> None:
    """Decode in a thread of its own until the pipe ends, or nobody wants more."""
    ending: Ending = StreamUnheard("its decoder failed", why=Why.MALFORMED)
    try:
        for pcm, rate_hz in Decoder().decode_stream(cast("BinaryIO", pipe), bounded=False):
            if not frames.put(Frame(pcm, rate_hz, pipe.came_ms)):
                break
        ending = None
    except StreamUnheard as why:
        ending = why
    finally:  # whatever happens here: the one who waits for frames is told
        frames.end(ending)


def _first_cause(pouring: "asyncio.Task[None]", why: StreamUnheard) -> StreamUnheard:
    """Return why the body broke off, where it did: then the decoder only saw half of something."""
    if pouring.done() and not pouring.cancelled():
        broke = pouring.exception()
        if isinstance(broke, StreamUnheard):
            return broke
    return why


class _Idle:
    """No frame has come for a while."""


def _differ(one: Frame, before: Pcm, rate_hz: int) -> bool:
    return one.rate_hz != rate_hz or one.samples.shape[1] != before.shape[1]


@dataclass(slots=True)
class _Tally:
    """Bytes that came since somebody asked."""

    count: int = 0

    def take(self) -> int:
        taken, self.count = self.count, 0
        return taken


class _Pace:
    """How far what was heard is ahead of the clock."""

    def __init__(self) -> None:
        self._ahead_s = 0.0
        self._at_s = asyncio.get_running_loop().time()

    async def keep(self, heard_s: float) -> None:
        """Count what was heard; wait where that is more than a burst ahead."""
        now_s = asyncio.get_running_loop().time()
        passed_s, self._at_s = now_s - self._at_s, now_s
        self._ahead_s = max(0.0, self._ahead_s - PACE_MAX * passed_s) + heard_s
        if self._ahead_s > BURST_S:
            await asyncio.sleep((self._ahead_s - BURST_S) / PACE_MAX)
