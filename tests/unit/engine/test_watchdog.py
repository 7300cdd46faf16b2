"""The dead man's switch is held as soon as nobody would be paged, and for nothing else."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientSession, web

from auscult.engine.auditor import Health
from auscult.engine.watchdog import Watchdog
from auscult.runtime.metrics import Metrics


@pytest.fixture
async def heard() -> AsyncIterator[tuple[str, list[str]]]:
    """Yield an address, and the paths that were asked there."""
    paths: list[str] = []

    async def take(request: web.Request) -> web.Response:
        paths.append(request.path)
        return web.Response()

    app = web.Application()
    app.router.add_get("/{any:.*}", take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server: Any = site._server
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/beat", paths
    await runner.cleanup()


@pytest.mark.parametrize(
    ("health", "beats"),
    [
        (Health(store=True), 1),
        (Health(store=True, effects_overdue=3), 1),
        (Health(store=False), 0),
        (Health(store=True, timers_overdue=1), 0),
        (Health(store=True, effects_unclaimed=1), 0),
    ],
)
async def test_it_beats_while_somebody_would_be_paged(
    heard: tuple[str, list[str]], health: Health, beats: int
) -> None:
    url, paths = heard
    metrics = Metrics()
    settings: Any = None
    watchdog = Watchdog(settings, environ={}, metrics=metrics)
    async with ClientSession() as http:
        await watchdog._beat(http, health, url)
    assert paths == ["/beat"] * beats
    result = "sent" if beats else "held"
    assert metrics.heartbeats.labels(result=result)._value.get() == 1
