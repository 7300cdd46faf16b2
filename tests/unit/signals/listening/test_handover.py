"""What passes between the event loop and a decoder's thread is bounded on both ways."""

import asyncio
import threading

import numpy as np
import pytest

from auscult.kernel.errors import StreamUnheard
from auscult.signals.listening import handover
from auscult.signals.listening.handover import CHUNKS_WAITING_MAX, Frame, Frames, Pipe

RATE_HZ = 48_000
FRAME = Frame(np.zeros((handover.SAMPLES_WAITING_MAX // 4, 1), np.float32), RATE_HZ, 0)


async def test_a_decoder_waits_until_its_frames_are_taken_or_nobody_wants_them() -> None:
    frames, put = Frames(), list[bool]()
    decoder = threading.Thread(target=lambda: put.extend(frames.put(FRAME) for _ in range(9)))
    decoder.start()
    await asyncio.sleep(0.1)
    assert len(put) == 4
    for _ in range(2):
        await frames.get()
    await asyncio.sleep(0.1)
    assert put == [True] * 6
    frames.close()
    await asyncio.to_thread(decoder.join)
    assert put == [True] * 6 + [False] * 3


async def test_a_sender_is_held_back_with_a_decoder_that_has_to_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(handover, "BEHIND_MAX_S", 0.1)
    frames = Frames()
    pipe = Pipe(frames)
    for _ in range(4):
        frames.put(FRAME)
    for _ in range(CHUNKS_WAITING_MAX):
        await pipe.write(b"x", 0)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(pipe.write(b"x", 0), 0.5)
    for _ in range(4):
        await frames.get()
    with pytest.raises(StreamUnheard, match="as fast as it comes"):
        await asyncio.wait_for(pipe.write(b"x", 0), 2)
    assert pipe.read(1) == b"x"
    await pipe.write(b"x", 0)


async def test_what_is_in_a_closed_pipe_is_read_to_its_end() -> None:
    pipe = Pipe(Frames())
    await pipe.write(b"abc", 0)
    pipe.close()
    assert [pipe.read(2) for _ in range(3)] == [b"ab", b"c", b""]


async def test_what_is_decoded_came_when_the_bytes_came_that_were_read_for_it() -> None:
    pipe = Pipe(Frames())
    await pipe.write(b"abc", 1_000)
    await pipe.write(b"d", 2_000)
    assert [(pipe.read(2), pipe.came_ms) for _ in range(3)] == [
        (b"ab", 1_000),
        (b"c", 1_000),
        (b"d", 2_000),
    ]
