"""Frames of an endless stream become stretches that say when they came."""

import asyncio
import time
from types import SimpleNamespace

import numpy as np
import pytest

from auscult.kernel.sounds import Heard
from auscult.signals.listening.endless import EndlessListener, _Tally
from auscult.signals.listening.handover import Frame, Frames

RATE_HZ = 48_000


def gather(frames: int, *, chunk: int, pause_s: float) -> tuple[list[Heard], list[int]]:
    """Send frames of 20 ms in chunks with a pause after each; return what is heard, and when the
    chunks were sent.
    """
    sent_ms: list[int] = []

    def now_ms() -> int:
        return time.time_ns() // 1_000_000

    async def run() -> list[Heard]:
        fetching = SimpleNamespace(timeout_s=10.0)
        listener = EndlessListener(fetching, "http://127.0.0.1/", now_ms)  # type: ignore[arg-type]
        heard: list[Heard] = []
        coming = Frames()

        async def listen() -> None:
            heard.extend([one async for one in listener._gather(coming, _Tally())])

        listening = asyncio.create_task(listen())
        for begin in range(0, frames, chunk):
            sent_ms.append(now_ms())
            for _ in range(chunk):
                coming.put(Frame(np.zeros((960, 2), np.float32), RATE_HZ, sent_ms[-1]))
            await asyncio.sleep(pause_s if begin + chunk < frames else 0)
        coming.end(None)
        await listening
        return heard

    return asyncio.run(run()), sent_ms


def test_the_end_of_a_chunk_does_not_wait_for_the_next() -> None:
    heard, sent_ms = gather(120, chunk=40, pause_s=0.3)
    assert [round(one.duration_s, 2) for one in heard] == [0.5, 0.3] * 3
    for number, one in enumerate(heard):
        assert one.arrived_ms == sent_ms[number // 2], (
            "when its bytes came, not when it was decoded"
        )
    assert [one.follows for one in heard] == [False, True, True, True, True, True]


def test_a_steady_stream_comes_in_stretches_of_half_a_second() -> None:
    heard, _ = gather(60, chunk=1, pause_s=0.002)
    assert [round(one.duration_s, 2) for one in heard] == [0.5, 0.5, 0.2]


@pytest.mark.parametrize("steps", range(8))
async def test_a_stop_is_heeded_at_the_very_moment_a_frame_comes(steps: int) -> None:
    coming = Frames()
    listener = EndlessListener(SimpleNamespace(timeout_s=5.0), "", lambda: 0)  # type: ignore[arg-type]
    waiting = asyncio.create_task(listener._next_frame(coming, _Tally(), has_some=False))
    for _ in range(3):
        await asyncio.sleep(0)
    coming.put(Frame(np.zeros((960, 2), np.float32), RATE_HZ, 0))
    for _ in range(steps):  # as far as the event loop gets until somebody says stop
        await asyncio.sleep(0)
    if waiting.cancel():
        with pytest.raises(asyncio.CancelledError):
            await waiting
