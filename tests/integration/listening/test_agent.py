"""`auscult probe`: an agent hears a stream where it stands, and the one that watches finds why."""

import asyncio
import os
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from auscult.kernel.errors import SettingError
from auscult.kernel.sounds import Heard, Stream, Unheard, Why
from auscult.kernel.words import Subject
from auscult.signals.vantage import Reporter, unpack_sound
from auscult.signals.vantage.waiting import SOUNDS_WAITING_MAX
from tests.integration.listening.station import on_air
from tests.product import BIN, Product
from tests.receiver import Answer, Receiver, receiving

STREAM = Stream("pop at edge", "pop", Subject(service="edge"))


def heard(at_ms: int) -> Heard:
    return Heard(np.zeros((4_800, 1), np.float32), 48_000, at_ms, size_bytes=1)


@pytest.mark.slow
@pytest.mark.timeout(120)
async def test_an_agent_reports_sound_and_series_and_leaves_nothing_behind(tmp_path: Path) -> None:
    async with on_air() as station:
        source = {"use": "probe", "name": "p", "url": f"{station.url}/live.m3u8", "stream": "pop"}
        there, here = tmp_path / "there", tmp_path / "here"
        there.mkdir()
        here.mkdir()
        product = Product(there, {"acme": {}})
        key = await asyncio.to_thread(product.key, "acme", "writer")
        reader = await asyncio.to_thread(product.key, "acme")
        await asyncio.to_thread(product.start)
        Product(here, {"mine": {"sources": [source]}}).write_config()
        config = str(here / "auscult.yaml")
        command = [str(BIN / "auscult"), "probe", "-c", config, "--vantage", "fra1"]
        environ = {**os.environ, "AUSCULT_KEY": key}
        agent = await asyncio.to_thread(
            lambda: subprocess.Popen([*command, "--to", product.url], env=environ)
        )
        try:
            await asyncio.sleep(10)
            station.broken = dict.fromkeys(range(station.newest() + 1, station.newest() + 400), 503)
            told = await until_told(product, reader, "unheard")
        finally:
            agent.send_signal(signal.SIGTERM)
            ended = await asyncio.to_thread(agent.wait, 20)
        _, page = await asyncio.to_thread(product.ask, "/api/v1/series", reader)
        _, coverage = await asyncio.to_thread(product.ask, "/api/v1/coverage", reader)
        await asyncio.to_thread(product.stop)
    assert ended == 0
    (reported,) = [one for one in coverage["sources"] if one["use"] == "agent"]
    assert reported["name"] == "pop from fra1"
    assert not reported["healthy"]
    assert told.startswith("pop at pop: cannot be heard: refused: segment")
    named = [one["labels"] for one in page["series"]]
    assert any(one.get("__name__") == "stream_up" and one.get("vantage") == "fra1" for one in named)


async def until_told(product: Product, key: str, signal_name: str, *, state: str = "open") -> str:
    """Wait for a signal of the one incident; return its sentence."""
    async with asyncio.timeout(60):
        while True:
            path = f"/api/v1/incidents?state={state}"
            _, page = await asyncio.to_thread(product.ask, path, key)
            for row in page["incidents"]:
                path = f"/api/v1/incidents/{row['id']}"
                _, story = await asyncio.to_thread(product.ask, path, key)
                for one in story["incident"]["signals"]:
                    if one["signal"] == signal_name:
                        return str(one["sentence"])
            await asyncio.sleep(0.5)


async def test_what_waits_is_bounded_and_what_is_lost_breaks_the_stream() -> None:
    async with receiving() as receiver:
        receiver.answer = Answer(status=503)
        reporter = Reporter(receiver.url, "key", lambda: 1_000)
        for at_ms in range(SOUNDS_WAITING_MAX + 10):
            reporter.hear(STREAM, heard(at_ms))
        assert reporter.dropped == 10
        running = asyncio.create_task(reporter.run())
        await asyncio.sleep(0.5)
        assert reporter.sent == 0, "an auscult that is busy is asked again"
        receiver.answer = Answer()
        async with asyncio.timeout(30):
            while reporter.sent < 20:
                await asyncio.sleep(0.05)
        running.cancel()
        sent = [unpack_sound(body, now_ms=1_000)[1] for _, _, body in receiver.got[-20:]]
    assert all(isinstance(one, Heard) for one in sent)
    first = unpack_sound(receiver.got[0][2], now_ms=1_000)[1]
    assert isinstance(first, Heard)
    assert (first.arrived_ms, first.follows) == (10, False)
    assert receiver.got[0][1]["authorization"] == "Bearer key"


@asynccontextmanager
async def refused_at_first(
    reporter: Reporter, receiver: Receiver, *, status: int
) -> AsyncIterator[None]:
    """Let a first report be refused; after the block two more are taken, and the agent stops."""
    receiver.answer = Answer(status=status)
    reporter.hear(STREAM, heard(0))
    running = asyncio.create_task(reporter.run())
    async with asyncio.timeout(10):
        while not reporter.dropped:
            await asyncio.sleep(0.02)
        yield
        receiver.answer = Answer()
        for at_ms in (1, 2):
            reporter.hear(STREAM, heard(at_ms))
        while reporter.sent < 2:
            await asyncio.sleep(0.02)
    running.cancel()


async def test_an_agent_says_once_of_each_stream_that_it_reports_and_where(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async with receiving() as receiver:
        reporter = Reporter(receiver.url, "key", lambda: 1_000)
        async with refused_at_first(reporter, receiver, status=400):
            assert '"reports"' not in capsys.readouterr().err, "a refused report is none"
        told = [line for line in capsys.readouterr().err.splitlines() if '"reports"' in line]
    assert len(told) == 1
    assert STREAM.name in told[0]
    assert receiver.url in told[0]


async def test_a_wrong_key_ends_the_agent_and_a_refused_report_does_not() -> None:
    async with receiving() as receiver:
        reporter = Reporter(receiver.url, "key", lambda: 1_000)
        receiver.answer = Answer(status=400)
        reporter.hear(STREAM, Unheard(Why.SLOW, 0, ""))
        running = asyncio.create_task(reporter.run())
        async with asyncio.timeout(10):
            while not reporter.dropped:
                await asyncio.sleep(0.02)
        receiver.answer = Answer(status=401)
        reporter.hear(STREAM, Unheard(Why.SLOW, 0, ""))
        with pytest.raises(SettingError, match="401"):
            await asyncio.wait_for(running, 10)


async def test_what_comes_after_a_refused_report_does_not_follow() -> None:
    async with receiving() as receiver:
        reporter = Reporter(receiver.url, "key", lambda: 1_000)
        async with refused_at_first(reporter, receiver, status=413):
            pass
        sent = [unpack_sound(body, now_ms=1_000)[1] for _, _, body in receiver.got]
    assert [one.follows for one in sent if isinstance(one, Heard)] == [True, False, True]
