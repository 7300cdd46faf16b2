"""Endless bodies that are not what they should be: each is said, and none is taken without end."""

import asyncio
import struct
import threading
import time
from contextlib import aclosing, suppress

import numpy as np
import pytest
from aiohttp import web

from auscult.kernel.sounds import Heard, Unheard, Why
from auscult.signals.listening import Decoder, EndlessListener, Fetching, endless
from tests.integration.listening.station import Handler, on_air
from tests.unit.signals.listening.coded import RATE_HZ, sweep, whole

ID3_WITHOUT_END = b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f"
"""A tag of 256 MB: no frame of sound comes before its end."""


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def pouring(head: bytes, drop: bytes, pause_s: float) -> Handler:
    """A body that goes on for ever with the same bytes."""

    async def handle(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Type": "audio/mpeg"})
        await answer.prepare(request)
        with suppress(ConnectionError):
            await answer.write(head)
            while True:
                await answer.write(drop)
                await asyncio.sleep(pause_s)
        return answer

    return handle


async def first_of(handler: Handler, *, timeout_s: float = 1.0) -> Heard | Unheard:
    async with on_air(body=handler) as station:
        url = f"{station.url}/body"
        async with (
            Fetching.of(url, timeout_s=timeout_s) as fetching,
            aclosing(EndlessListener(fetching, url, now_ms).listen()) as listening,
        ):
            return await asyncio.wait_for(anext(listening), 10)


@pytest.mark.parametrize(
    "handler",
    [pouring(b"", b"\xff", 0.05), pouring(ID3_WITHOUT_END, bytes(4_096), 0.01)],
    ids=["a drip", "a tag without an end"],
)
async def test_bytes_that_never_become_sound_are_said(
    handler: Handler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endless, "SOUND_WITHIN_MIN_S", 1.0)
    found = await first_of(handler)
    assert isinstance(found, Unheard)
    assert found.why is Why.NO_AUDIO
    assert "bytes came, and no sound within 1 s" in found.detail
    assert not [one for one in threading.enumerate() if one.name == "ear"]


async def test_a_stream_whose_first_frame_comes_after_the_time_limit_is_heard() -> None:
    async def send(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        body = whole(sweep(3), codec="libopus", container="ogg")
        with suppress(ConnectionError):
            for begin in range(0, len(body), 1_000):
                await answer.write(body[begin : begin + 1_000])
                await asyncio.sleep(0.1)
        return answer

    assert isinstance(await first_of(send, timeout_s=0.5), Heard)


async def test_a_body_that_stops_is_told_as_slow_and_not_by_what_the_decoder_makes_of_it() -> None:
    found = await first_of(pouring(b"OggS", b"", 60))
    assert isinstance(found, Unheard)
    assert (found.why, found.detail) == (Why.SLOW, "nothing came for 1 s")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
async def test_a_decoder_that_breaks_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(Decoder, "decode_stream", broken)
    found = await first_of(pouring(b"", b"\xff", 0.05), timeout_s=30)
    assert isinstance(found, Unheard)
    assert found.why is Why.MALFORMED
    assert found.detail.startswith("its decoder failed")


async def test_hours_in_a_few_bytes_are_taken_at_a_players_pace(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(endless, "BURST_S", 5.0)
    body = whole(np.zeros((600 * RATE_HZ, 1), np.float32), codec="flac", container="flac")
    assert len(body) < 1 << 20

    async def send(_request: web.Request) -> web.Response:
        return web.Response(body=body)

    heard_s = 0.0
    async with on_air(hours=send) as station:
        url = f"{station.url}/hours"
        async with Fetching.of(url) as fetching:
            listening = EndlessListener(fetching, url, now_ms).listen()
            with suppress(TimeoutError):
                async with asyncio.timeout(3), aclosing(listening):
                    async for one in listening:
                        assert isinstance(one, Heard)
                        heard_s += one.duration_s
    assert 5.0 <= heard_s <= 5.0 + endless.PACE_MAX * 3 + 1
    assert not [one for one in threading.enumerate() if one.name == "ear"]


async def test_a_tap_of_chunks_says_when_each_came_to_its_end_and_when_the_first_was_made() -> None:
    sent_ms = list[int]()

    async def send(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"X-Begins-Ms": "1700000000123"})
        await answer.prepare(request)
        sizes = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 2, RATE_HZ, 4 * RATE_HZ, 4, 16)
        endless_s = b"\xff\xff\xff\xff"
        await answer.write(b"RIFF" + endless_s + b"WAVE" + sizes + b"data" + endless_s)
        with suppress(ConnectionError):
            for chunk in np.split(np.asarray(sweep(4) * 20_000, dtype="<i2"), 4):
                sent_ms.append(now_ms())
                await answer.write(chunk.tobytes())
                await asyncio.sleep(1.0)
        return answer

    heard = list[Heard]()
    async with on_air(body=send) as station:
        url = f"{station.url}/body"
        async with (
            Fetching.of(url, timeout_s=5.0) as fetching,
            aclosing(EndlessListener(fetching, url, now_ms).listen()) as listening,
        ):
            async for one in listening:
                if not isinstance(one, Heard):
                    break
                heard.append(one)
    assert [one.media_ms for one in heard] == [1_700_000_000_123] + [None] * (len(heard) - 1)
    ended_s = np.cumsum([one.duration_s for one in heard])
    for number, at_ms in enumerate(sent_ms[1:], start=1):
        before = [one for one, end_s in zip(heard, ended_s, strict=True) if end_s <= number + 1]
        assert before[-1].arrived_ms - at_ms < 100, "of the chunk, and not of the one after it"
        assert number + 1 - ended_s[len(before) - 1] < 0.03, "less than a frame is held back"
