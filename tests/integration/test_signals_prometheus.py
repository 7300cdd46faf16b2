"""A real Prometheus sends what it scraped; every value at every instant is the one it keeps."""

import asyncio
import shutil
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
import pytest
from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from auscult.kernel.samples import SampleBatch
from auscult.signals import Accepted, Decoded, Intake, Kind, Registry, Rings, decode_write
from auscult.signals.remote_write import schema, version1
from tests.unit.signals.sink import ONE, SMALL

PROMETHEUS = shutil.which("prometheus")
CONFIG = """
global: {{scrape_interval: 200ms, scrape_timeout: 150ms}}
scrape_configs:
- job_name: stage
  static_configs: [{{targets: ['{address}']}}]
remote_write:
- url: http://{address}/write
  queue_config: {{batch_send_deadline: 300ms}}
  metadata_config: {{send_interval: 1s}}
"""


class Platform:
    """A target that changes at every scrape, and a receiver of what Prometheus made of it."""

    def __init__(self) -> None:
        self.metrics = CollectorRegistry()
        self.plays = Counter("plays", "p", ["who"], registry=self.metrics)
        self.took = Histogram("took_seconds", "t", ["who"], registry=self.metrics)
        self.zero = Gauge("zero", "z", ["who"], registry=self.metrics)
        self.registry = Registry(SMALL)
        self.rings = Rings(self.registry.capacity)
        self.intake = Intake(self.registry, self.rings)
        self.total = Accepted()
        self.decoded: list[Decoded] = []

    async def show(self, _request: web.Request) -> web.Response:
        for number in range(20):
            self.plays.labels(f"listener {number}").inc(number)
            self.took.labels(str(number % 3)).observe(number / 20)
            self.zero.labels(str(number)).set(0)
        return web.Response(body=generate_latest(self.metrics), content_type="text/plain")

    async def receive(self, request: web.Request) -> web.Response:
        now_ms, book = int(time.time() * 1000), self.registry.book(ONE)
        media, body = request.headers["Content-Type"], await request.read()
        decoded = decode_write(body, media, book=book, now_ms=now_ms, max_bytes=1 << 24)
        self.intake.reset(decoded.kind_changed)
        batch = SampleBatch(ONE, decoded.slots, decoded.at_ms, decoded.value)
        self.total += self.intake.accept(batch, now_ms=now_ms)
        self.decoded.append(decoded)
        return web.Response(status=204)

    def kept(self, labels: dict[str, str]) -> tuple[dict[int, float], bool]:
        """Return what the ring of a series holds by time, and whether it is a counter."""
        for slot in self.registry.slots_of(ONE).tolist():
            if dict(self.registry.labels_of(slot)) == labels:
                at_ms, value = self.rings.window(slot)
                kept = dict(zip(at_ms.tolist(), value.tolist(), strict=True))
                return kept, self.registry.kind_of(slot) is Kind.COUNTER
        raise KeyError(labels)


@asynccontextmanager
async def serving(platform: Platform) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_get("/metrics", platform.show)
    app.router.add_post("/write", platform.receive)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def watching(address: str, folder: Path) -> AsyncIterator[str]:
    """Run a Prometheus that scrapes the address and writes to it; gives its own URL."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "p.yml").write_text(CONFIG.format(address=address))
    process = await asyncio.create_subprocess_exec(
        str(PROMETHEUS),
        f"--config.file={folder / 'p.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), 20)
        except TimeoutError:
            process.kill()
            await process.wait()


async def ask(url: str) -> list[dict[str, Any]]:
    query = {"query": '{job="stage"}[1m]'}
    whole = f"{url}/api/v1/query"
    async with aiohttp.ClientSession() as session, session.get(whole, params=query) as answer:
        return list((await answer.json())["data"]["result"])


@pytest.mark.skipif(PROMETHEUS is None, reason="Debian's prometheus is not installed")
async def test_the_same_series_and_the_same_values(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform = Platform()
    bodies_read_in_full: set[int] = set()

    def read_in_full(raw: bytes) -> schema.SeriesMessage:
        bodies_read_in_full.add(len(platform.decoded))
        return schema.parse_series(raw)

    monkeypatch.setattr(version1, "parse_series", read_in_full)
    async with serving(platform) as address, watching(address, tmp_path) as url:
        async with asyncio.timeout(60):
            while platform.total.accepted < 3_000:
                await asyncio.sleep(0.1)
        series = await ask(url)
        newest_ms = int(platform.intake.last_ms.max())
        await asyncio.sleep(0.5)
    assert len(series) == len(platform.registry) > 90  # the product shows no `_created` series
    assert platform.total.refused == 0
    assert sum(decoded.metadata for decoded in platform.decoded) >= 3
    assert max(bodies_read_in_full) < 4 < len(platform.decoded), "known series were read in full"
    compared = 0
    for one in series:
        kept, counts = platform.kept(one["metric"])
        points = [(round(at_s * 1000), float(text)) for at_s, text in one["values"]]
        for (before_ms, before), (at_ms, value) in pairwise(points):
            rate = (value - before) / ((at_ms - before_ms) / 1000)
            if at_ms <= newest_ms - 1_000:
                assert np.float32(kept[at_ms]) == np.float32(rate if counts else value)
                compared += 1
    assert compared > 1_000
