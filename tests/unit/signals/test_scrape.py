"""The scrape source against real HTTP servers on loopback, in the same event loop."""

import asyncio
import gzip
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import numpy as np
import pytest
from aiohttp import web
from pydantic import ValidationError

from auscult.signals.port import SOURCES, SourceHealth
from tests.unit.signals.sink import ONE, MemorySink

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


def clock_ms() -> int:
    return int(time.time() * 1000)


@asynccontextmanager
async def serving(answer: Answer) -> AsyncIterator[str]:
    """Serve every path by `answer`; gives host:port."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        host, port = runner.addresses[0][:2]
        yield f"{host}:{port}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def scraping(sink: MemorySink, **settings: object) -> AsyncIterator[None]:
    source = SOURCES.make("scrape", {"interval_s": 0.1, "labels": {"job": "j"}, **settings})
    task = asyncio.create_task(source.run(sink))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(done: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not done():
            await asyncio.sleep(0.02)


def health(sink: MemorySink) -> SourceHealth | None:
    return sink.notes[-1] if sink.notes else None


def values(sink: MemorySink, name: str, **labels: str) -> list[float]:
    try:
        return sink.window(name=name, job="j", **labels)[1]
    except KeyError:
        return []


async def test_a_target_is_asked_again_and_again_and_reports_how_it_answers() -> None:
    asked: list[web.Request] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request)
        return web.Response(text=f"plays_total {10 * len(asked)}\ndepth 3\n")

    sink = MemorySink(now_ms=clock_ms)
    async with serving(answer) as address, scraping(sink, targets=[address]):
        await until(lambda: len(values(sink, "depth", instance=address)) >= 4)
        assert values(sink, "up", instance=address)[:3] == [1.0, 1.0, 1.0]
        assert values(sink, "scrape_samples_scraped", instance=address)[0] == 2.0
        assert 0 < values(sink, "scrape_duration_seconds", instance=address)[0] < 1
        rates = values(sink, "plays_total", instance=address)
        assert all(30 < rate < 300 for rate in rates)
        at_ms = np.diff(sink.window(name="depth", job="j", instance=address)[0])
        assert 60 < np.median(at_ms) < 140
    assert "openmetrics" in asked[0].headers["Accept"].split(",")[0]
    found = health(sink)
    assert found is not None
    assert (found.healthy, found.error) == (True, "")


async def test_a_series_that_vanishes_and_a_target_that_dies_are_marked_stale() -> None:
    texts = ["a 1\nb 1\ndated 1 1700000000000\n", "a 2\n"]
    turn = 0

    async def answer(_request: web.Request) -> web.Response:
        nonlocal turn
        turn += 1
        if turn > 2:
            return web.Response(status=500)
        return web.Response(text=texts[turn - 1])

    sink = MemorySink(now_ms=clock_ms)
    async with serving(answer) as address, scraping(sink, targets=[address]):
        await until(lambda: 0.0 in values(sink, "up", instance=address))
        stale = sink.drain().stale_slots.tolist()
        names = [dict(sink.registry.labels_of(slot))["__name__"] for slot in stale]
        assert sorted(names) == ["a", "b"]
        assert sink.total.stale == 2
        found = health(sink)
        assert found is not None
        assert not found.healthy
        assert "500" in found.error


async def endless(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b"a 1\n")
        await asyncio.sleep(0.01)


async def huge(_request: web.Request) -> web.Response:
    return web.Response(body=b"x" * 200_000)


async def bomb(_request: web.Request) -> web.Response:
    return web.Response(
        body=gzip.compress(b"a 1\n" * 1_000_000), headers={"Content-Encoding": "gzip"}
    )


async def broken(_request: web.Request) -> web.Response:
    return web.Response(text="a 1\nb\n")


async def elsewhere(_request: web.Request) -> web.Response:
    return web.Response(status=302, headers={"Location": "http://127.0.0.1:1/"})


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (endless, "0.1 s"),
        (huge, "100000 bytes"),
        (bomb, "100000 bytes"),
        (broken, "line 2"),
        (elsewhere, "302"),
    ],
)
async def test_a_target_that_misbehaves_is_down_and_told_why(answer: Answer, said: str) -> None:
    sink = MemorySink(now_ms=clock_ms)
    async with serving(answer) as address:
        settings = {"targets": [address], "body_bytes_max": 100_000}
        async with scraping(sink, **settings):
            await until(lambda: len(values(sink, "up", instance=address)) >= 2)
            found = health(sink)
    assert values(sink, "up", instance=address)[:2] == [0.0, 0.0]
    assert found is not None
    assert not found.healthy
    assert said in found.error


async def test_nobody_there_is_down_too() -> None:
    sink = MemorySink(now_ms=clock_ms)
    async with scraping(sink, targets=["127.0.0.1:9"]):
        await until(lambda: values(sink, "up", instance="127.0.0.1:9")[:1] == [0.0])
        found = health(sink)
    assert found is not None
    assert found.error.endswith("nothing listens at 127.0.0.1:9")


async def test_targets_come_and_go_with_their_file(tmp_path: Path) -> None:
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(text="a 1\n")

    sink, path = MemorySink(now_ms=clock_ms), tmp_path / "t.yml"
    async with serving(answer) as address, scraping(sink, files=[str(path)]):
        await until(lambda: any("t.yml" in note.error for note in sink.notes))
        path.write_text(f"[{{targets: ['{address}'], labels: {{zone: x}}}}]")
        await until(lambda: len(values(sink, "a", instance=address, zone="x")) > 1)
        path.write_text("[]")
        await until(lambda: sink.total.stale == 4)
        seen = len(values(sink, "up", instance=address, zone="x"))
        await asyncio.sleep(0.3)
        assert len(values(sink, "up", instance=address, zone="x")) == seen


@pytest.mark.parametrize(
    ("settings", "header"),
    [
        ({"bearer_token": "secret"}, "Bearer secret"),
        ({"username": "u", "password": "p"}, "Basic dTpw"),
    ],
)
async def test_credentials_go_along_and_stay_out_of_the_settings_text(
    settings: dict[str, str], header: str
) -> None:
    seen: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append(request.headers["Authorization"])
        return web.Response(text="a 1\n")

    sink = MemorySink(now_ms=clock_ms)
    async with serving(answer) as address, scraping(sink, targets=[address], **settings):
        await until(lambda: bool(seen))
    assert seen[0] == header
    assert "secret" not in repr(SOURCES.make("scrape", settings))


@pytest.mark.parametrize(
    "settings",
    [
        {"interval_s": 1, "timeout_s": 2},
        {"targets": ["ftp://x"]},
        {"interval_s": 0},
        {"bearer_token": "a", "username": "b"},
        {"intervall_s": 1},
    ],
)
def test_wrong_settings_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        SOURCES.make("scrape", settings)


def test_stopping_marks_nothing_as_ended() -> None:
    async def main() -> MemorySink:
        async def answer(_request: web.Request) -> web.Response:
            return web.Response(text="a 1\n")

        sink = MemorySink(now_ms=clock_ms)
        async with serving(answer) as address, scraping(sink, targets=[address]):
            await until(lambda: len(values(sink, "a", instance=address)) > 1)
        return sink

    sink = asyncio.run(main())
    assert sink.total.stale == 0
    assert math.isfinite(sink.intake.last_raw[sink.registry.slots_of(ONE)].sum())
