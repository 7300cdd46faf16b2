"""The source `probe`: a stream becomes series that say how a listener fares."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from aiohttp import web
from pydantic import ValidationError

from auscult.kernel.sounds import Heard, Unheard, Why
from auscult.kernel.words import Subject
from auscult.signals import Kind
from auscult.signals.listening.figures import StreamFigures
from auscult.signals.port import SOURCES
from auscult.signals.sources.probe import Probe
from tests.integration.listening.station import SEGMENT_S, on_air
from tests.unit.signals.listening.coded import RATE_HZ, segments, sweep
from tests.unit.signals.sink import MemorySink


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class Listening:
    """A probe at work, and what it has poured in so far."""

    def __init__(self, url: str, **settings: object) -> None:
        self.sink = MemorySink(now_ms=now_ms)
        self.instance = url.split("/")[2]
        self.probe = Probe(url=url, stream="acme/pop", interval_s=0.5, timeout_s=1, **settings)  # type: ignore[arg-type]

    def values(self, name: str, **more: str) -> list[float]:
        labels = {
            "name": name,
            "job": "probe",
            "stream": "acme/pop",
            "service": "acme/pop",
            "vantage": "local",
            "instance": self.instance,
            **more,
        }
        return self.sink.window(**labels)[1]

    async def until(self, name: str, wanted: int, **more: str) -> list[float]:
        """Wait for so many values of a series."""
        async with asyncio.timeout(20):
            while True:
                try:
                    if len(found := self.values(name, **more)) >= wanted:
                        return found
                except KeyError:
                    pass
                await asyncio.sleep(0.05)


@contextmanager
def at_work(listening: Listening) -> Iterator[None]:
    task = asyncio.create_task(listening.probe.run(listening.sink))
    try:
        yield
    finally:
        task.cancel()


@pytest.mark.parametrize("path", ["/live.m3u8", "/stream.ogg"])
async def test_a_stream_that_sounds_is_up_and_counted(path: str) -> None:
    async with on_air() as station:
        listening = Listening(station.url + path, hop=3)
        with at_work(listening):
            await listening.until("stream_level_dbfs", 5)
            up = listening.values("stream_up")
            heard = await listening.until("stream_heard_seconds_total", 8)
            level = listening.values("stream_level_dbfs")
            stream, sound = listening.sink.sounds[-1]
    assert set(up) == {1.0}
    assert 0.4 < np.mean(heard[1:]) < 2.5, "about a second is heard each second"
    assert -14 < np.mean(level) < -6, "two tones at 0.4 and 0.3 of full scale"
    note = listening.sink.notes[-1]
    assert (note.name, note.healthy) == ("probe acme/pop", True)
    assert (stream.name, stream.programme, stream.hop) == ("acme/pop", "acme/pop", 3)
    assert stream.subject == Subject(service="acme/pop", instance=listening.instance)
    assert isinstance(sound, Heard)
    assert sound.samples.any()


async def test_a_rendition_is_chosen_and_named() -> None:
    async def master(_request: web.Request) -> web.Response:
        offered = (("lo", 64), ("mid", 96), ("live", 256))
        told = (f"#EXT-X-STREAM-INF:BANDWIDTH={k}000\n{name}.m3u8" for name, k in offered)
        return web.Response(text="\n".join(["#EXTM3U", *told]))

    async def elsewhere(_request: web.Request) -> web.Response:
        raise web.HTTPFound("/live.m3u8")

    async with on_air(**{"master.m3u8": master, "mid.m3u8": elsewhere}) as station:
        for wanted, called in (("highest", "256k"), (90, "96k")):
            listening = Listening(f"{station.url}/master.m3u8", rendition=wanted)
            with at_work(listening):
                await listening.until("stream_heard_seconds_total", 3)
            await asyncio.sleep(0)
            heard = {dict(stream.labels)["rendition"] for stream, _ in listening.sink.sounds}
            assert heard == {called}
            assert "rendition" not in str(listening.sink.registry.labels_of(0)), "no series apart"


async def test_a_stream_that_stops_is_down_and_says_why() -> None:
    async with on_air() as station:
        listening = Listening(f"{station.url}/live.m3u8")
        with at_work(listening):
            await listening.until("stream_up", 3)
            station.broken = dict.fromkeys(range(station.newest() + 400), 503)
            await listening.until("stream_unheard_total", 6, why=Why.REFUSED)
            assert listening.values("stream_up")[-1] == 0.0
            assert max(listening.values("stream_unheard_total", why=Why.REFUSED)) > 0
            note = listening.sink.notes[-1]
    assert not note.healthy
    assert "refused: segment" in note.error


async def test_a_recording_that_was_heard_to_its_end_is_no_trouble() -> None:
    async with on_air() as station:
        station.is_over = True
        listening = Listening(f"{station.url}/live.m3u8")
        with at_work(listening):
            await listening.until("stream_unheard_total", 4, why=Why.COMPLETE)
            assert set(listening.values("stream_up")) == {1.0}
    assert all(note.healthy for note in listening.sink.notes)


async def test_who_is_told_to_listen_no_more_says_so_last() -> None:
    async with on_air() as station:
        listening = Listening(f"{station.url}/live.m3u8")
        with at_work(listening):
            await listening.until("stream_up", 2)
        await asyncio.sleep(0.05)
    stream, found = listening.sink.sounds[-1]
    assert stream.name == "acme/pop"
    assert isinstance(found, Unheard)
    assert found.why is Why.LEFT


async def test_silence_is_a_level_and_not_an_absence() -> None:
    async with on_air() as station:
        quiet = segments(0 * sweep(8), codec="libopus", container="ogg", seconds=SEGMENT_S)
        listening = Listening(f"{station.url}/live.m3u8")
        with at_work(listening):
            await listening.until("stream_level_dbfs", 3)
            station.bodies = quiet
            await listening.until("stream_level_dbfs", 10)
            assert listening.values("stream_level_dbfs")[-1] < -90
            assert listening.values("stream_up")[-1] == 1.0


async def test_how_late_it_is_is_known_where_the_playlist_says_when_it_was_made() -> None:
    async with on_air() as station:
        station.tags = "#EXT-X-PROGRAM-DATE-TIME:2026-11-26T10:00:00Z"
        listening = Listening(f"{station.url}/live.m3u8")
        with at_work(listening):
            late = await listening.until("stream_live_latency_seconds", 2)
    assert late[-1] > 0


def heard(at_ms: int, *, level: float = 0.5, follows: bool = True) -> Heard:
    samples = np.full((RATE_HZ, 2), level, dtype=np.float32)
    return Heard(samples, RATE_HZ, at_ms, size_bytes=16_000, follows=follows)


def test_figures_add_up_and_levels_begin_anew_with_each_tick() -> None:
    figures = StreamFigures(since_ms=0)
    assert figures.is_up(2_000)
    assert not figures.is_up(2_001), "nothing was heard yet"
    for number, follows in enumerate((False, True, False)):
        figures.take(heard(1_000 * number, follows=follows))
    figures.take(Unheard(Why.SLOW, 3_000, "no answer"))
    rows = {(name, why): (kind, value) for name, why, kind, value in figures.rows(3_000)}
    assert rows["stream_heard_seconds_total", ""] == (Kind.COUNTER, 3.0)
    assert rows["stream_received_bytes_total", ""] == (Kind.COUNTER, 48_000.0)
    assert rows["stream_discontinuities_total", ""] == (Kind.COUNTER, 1.0)
    assert rows["stream_unheard_total", "slow"] == (Kind.COUNTER, 1.0)
    assert rows["stream_level_dbfs", ""][1] == pytest.approx(-6.02, abs=0.01)
    assert rows["stream_peak_dbfs", ""][1] == pytest.approx(-6.02, abs=0.01)
    assert "stream_level_dbfs" not in {name for name, *_ in figures.rows(4_000)}
    assert figures.is_up(2_000 + 3_500)
    assert not figures.is_up(2_000 + 3_501)


@pytest.mark.parametrize("url", ["ftp://x/y", "file:///etc/passwd", "radio", "http://"])
def test_only_http_is_listened_to(url: str) -> None:
    with pytest.raises(ValidationError, match="http"):
        SOURCES.make("probe", {"url": url, "stream": "s"})
