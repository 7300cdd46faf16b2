"""A real Icecast and HLS from a real nginx are heard for a minute, and silence is found on both."""

import asyncio
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from auscult.signals.sources.probe import Probe
from tests.integration.listening.servers import (
    MOUNT,
    Fader,
    Programme,
    icecast,
    nginx,
    send_to_icecast,
    write_hls,
)
from tests.product import Product
from tests.unit.signals.sink import MemorySink

LISTENED_S = 60
SILENT_AFTER_S = 38
FOUND_WITHIN_S = 20
"""A segment of 2 s, and 2.3 s of silence after an abrupt end; 10 s where the end seemed a fade."""

pytestmark = [pytest.mark.timeout(150), pytest.mark.slow]


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def probes_of(endless: str, web: str) -> list[dict[str, str]]:
    ice, hls = f"http://{endless}{MOUNT}", f"http://{web}/live.m3u8"
    return [
        {"use": "probe", "name": "ice", "url": ice, "stream": "ice"},
        {"use": "probe", "name": "hls", "url": hls, "stream": "hls"},
    ]


def signals_of(product: Product, key: str) -> dict[tuple[str, str], tuple[int, str]]:
    """Return (service, signal) -> when it was first found, and the sentence, of all that wakes."""
    _, page = product.ask("/api/v1/incidents", key)
    told = {}
    for row in page["incidents"]:
        _, story = product.ask(f"/api/v1/incidents/{row['id']}", key)
        for one in story["incident"]["signals"]:
            about = one["subject"]["service"], one["signal"]
            if one["severity"] != "info":
                told[about] = (one["first_ms"], one["sentence"])
    return told


@asynccontextmanager
async def working(*jobs: Coroutine[None, None, None]) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(job) for job in jobs]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        wrong = [one for one in ended if isinstance(one, Exception)]
        assert not wrong, wrong


async def test_icecast_and_nginx_are_heard_for_a_minute_and_silence_on_both(
    tmp_path: Path,
) -> None:
    fader, sink = Fader(), MemorySink(now_ms=now_ms)
    (tmp_path / "ice").mkdir()
    (tmp_path / "web").mkdir()
    with icecast(tmp_path / "ice") as endless, nginx(tmp_path / "web") as web:
        sources = (
            send_to_icecast(endless, Programme(fader)),
            write_hls(tmp_path / "web" / "www", Programme(fader)),
        )
        probes = (
            Probe(url=f"http://{endless}{MOUNT}", stream="ice").run(sink),
            Probe(url=f"http://{web}/live.m3u8", stream="hls").run(sink),
        )
        product = Product(tmp_path, {"acme": {"sources": probes_of(endless, web)}})
        key = await asyncio.to_thread(product.key, "acme")
        async with working(*sources):
            await asyncio.sleep(5)
            await asyncio.to_thread(product.start)
            async with working(*probes):
                await asyncio.sleep(SILENT_AFTER_S)
                fader.volume, silent_ms = 0.0, now_ms()
                await asyncio.sleep(LISTENED_S - SILENT_AFTER_S)
                healths = {note.name: note for note in sink.notes}
            told = await asyncio.to_thread(signals_of, product, key)
            await asyncio.to_thread(product.stop)
    for stream in ("ice", "hls"):
        since_ms, sentence = told[stream, "silence"]
        assert sentence.startswith(f"{stream} at {stream}: silent for")
        assert 0 < since_ms - silent_ms < FOUND_WITHIN_S * 1_000, "and not before"
    assert {signal for _, signal in told} <= {"silence", "stream_level_dbfs", "stream_peak_dbfs"}
    for stream, instance in (("ice", endless), ("hls", web)):
        series = {"job": "probe", "vantage": "local", "instance": instance}
        series |= {"stream": stream, "service": stream}
        heard_at, heard = sink.window(name="stream_heard_seconds_total", **series)
        length_s = (heard_at[-1] - heard_at[5]) / 1_000
        assert sum(heard[6:]) == pytest.approx(length_s, rel=0.1), f"{stream} is heard whole"
        level = sink.window(name="stream_level_dbfs", **series)[1]
        assert max(level[-3:]) < -80, f"{stream} is silent at the end"
        assert min(level[:10]) > -20, f"{stream} sounded before"
        assert set(sink.window(name="stream_up", **series)[1][5:]) == {1.0}
        assert healths[f"probe {stream}"].healthy
    late = sink.window(
        name="stream_live_latency_seconds",
        job="probe", vantage="local", instance=web, stream="hls", service="hls",
    )[1]  # fmt: skip
    assert 0 <= min(late) <= max(late) < 4
