"""What every source keeps: it says when there is nothing, takes what comes later, and ends."""

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from auscult.kernel.errors import SeriesCapReached
from auscult.kernel.words import Labels
from auscult.signals.port import SOURCES, Source, SourceHealth
from auscult.signals.series.kinds import Kind
from tests.unit.signals.sink import MemorySink

NAMES = SOURCES.names()
ENDS_S, SOON_S = 2.0, 8.0
CSV = "timestamp,value\n2023-11-14T22:13:00Z,1\n2023-11-14T22:13:15Z,2\n"
LINE = '127.0.0.1 - - [14/Nov/2023:22:13:20 +0000] "GET /live/a.m4s HTTP/1.1" 200 512 "-" "x"\n'
METRICS = "# TYPE requests_total counter\nrequests_total 7\n"
MATRIX = (
    '{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__name__":"up",'
    '"job":"x"},"values":[[1699999990,"1"]]}]}}'
)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class World:
    """A folder and a port at which there is nothing until `appear`."""

    def __init__(self, folder: Path) -> None:
        self.file, self.port = folder / "data.txt", free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._runner: web.AppRunner | None = None

    def settings(self) -> dict[str, dict[str, Any]]:
        """Return what each source on the shelf is told, by its name."""
        return {
            "access_log": {"files": [self.file], "from_start": True, "every_s": 0.1},
            "csv": {"files": [self.file]},
            "probe": {"url": f"{self.url}/live.mp3", "stream": "live", "interval_s": 0.5},
            "query_range": {"url": self.url, "match": ["up"], "timeout_s": 1.0},
            "scrape": {"targets": [f"127.0.0.1:{self.port}"], "interval_s": 0.2},
        }

    def make(self, name: str) -> Source:
        return SOURCES.make(name, self.settings()[name])

    async def appear(self, name: str) -> None:
        self.file.write_text(CSV if name == "csv" else LINE)
        app = web.Application()
        app.router.add_get("/metrics", _answer(METRICS))
        app.router.add_post("/api/v1/query_range", _answer(MATRIX))
        app.router.add_get("/live.mp3", _answer("no sound at all " * 100))
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()

    async def vanish(self) -> None:
        if self._runner:
            await self._runner.cleanup()


def _answer(text: str) -> Callable[[web.Request], Any]:
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(text=text)

    return answer


async def until(true: Callable[[], bool], within_s: float = SOON_S) -> bool:
    """Look until it is true; say whether it became so."""
    with suppress(TimeoutError):
        async with asyncio.timeout(within_s):
            while not true():
                await asyncio.sleep(0.02)
    return true()


async def end(running: asyncio.Task[None]) -> None:
    """Cancel a source; it must be gone soon, whatever it was doing."""
    running.cancel()
    done, _ = await asyncio.wait([running], timeout=ENDS_S)
    assert done, "it does not end when it is told to"
    if not running.cancelled():
        assert running.exception() is None


def refusing(note: SourceHealth) -> bool:
    return "no room" in note.error or "not taken" in note.error


def says_it_is_ill(sink: MemorySink) -> bool:
    return any(not note.healthy and note.error for note in sink.notes)


def test_every_source_on_the_shelf_is_tested(tmp_path: Path) -> None:
    assert set(NAMES) == set(World(tmp_path).settings())


@pytest.mark.parametrize("name", NAMES)
async def test_where_there_is_nothing_it_says_so_and_ends_when_told(
    name: str, tmp_path: Path
) -> None:
    sink, world = MemorySink(), World(tmp_path)
    running = asyncio.create_task(world.make(name).run(sink))
    assert await until(lambda: says_it_is_ill(sink)), "nothing is there, and nobody is told"
    await asyncio.sleep(0.3)
    assert not running.done() or running.exception() is None
    await end(running)
    assert all(len(note.error) <= 500 for note in sink.notes)
    assert len({note.name for note in sink.notes}) == 1, "one source, one line on the page"


@pytest.mark.parametrize("name", NAMES)
async def test_what_appears_is_taken(name: str, tmp_path: Path) -> None:
    sink, world = MemorySink(), World(tmp_path)
    await world.appear(name)
    running = asyncio.create_task(world.make(name).run(sink))
    try:
        assert await until(lambda: sink.total.accepted > 0), "there is something, and none comes"
    finally:
        await end(running)
        await world.vanish()


@pytest.mark.parametrize("name", NAMES)
async def test_where_there_is_no_room_for_a_series_it_is_told_and_nothing_breaks(
    name: str, tmp_path: Path
) -> None:
    class Full(MemorySink):
        def slot(self, labels: Labels, kind: Kind = Kind.UNKNOWN) -> int:
            del labels, kind
            raise SeriesCapReached("no room")

    sink, world = Full(), World(tmp_path)
    await world.appear(name)
    running = asyncio.create_task(world.make(name).run(sink))
    try:
        told = await until(lambda: any(refusing(note) for note in sink.notes), 3.0)
        assert not running.done() or running.exception() is None
        assert told, "nothing of it is kept, and nobody is told why"
        assert sink.total.accepted == 0
    finally:
        await end(running)
        await world.vanish()


@pytest.mark.parametrize("name", NAMES)
def test_a_setting_it_has_not_is_refused_and_it_says_what_it_does(
    name: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="colour"):
        SOURCES.make(name, World(tmp_path).settings()[name] | {"colour": "red"})
    assert len(SOURCES.load(name).__doc__ or "") > 80
