"""Asking many targets in turn: one task for each, started and stopped as targets come and go."""

import asyncio
import zlib
from collections.abc import Callable, Iterable
from functools import partial

from auscult.kernel.errors import InputError
from auscult.signals.exposition import ScrapeReader
from auscult.signals.port import Sink
from auscult.signals.scraping.fetch import Fetched, Fetcher
from auscult.signals.scraping.targets import Target
from auscult.signals.scraping.watch import TargetWatch


class ScrapeLoop:
    """The running watches. Each target has its own offset within the interval (from its URL)."""

    def __init__(
        self,
        sink: Sink,
        fetcher: Fetcher,
        *,
        interval_s: float,
        make_reader: Callable[[Target], ScrapeReader],
    ) -> None:
        self._sink = sink
        self._fetcher = fetcher
        self._interval_s = interval_s
        self._make_reader = make_reader
        self._running: dict[Target, tuple[TargetWatch, asyncio.Task[None]]] = {}

    async def follow(self, wanted: Iterable[Target]) -> None:
        """Start what is new and end what is gone; raises what a task did not expect."""
        targets = dict.fromkeys(wanted)
        for _, task in self._running.values():
            if task.done():
                task.result()
        for target in self._running.keys() - targets.keys():
            watch, task = self._running.pop(target)
            await _stop([task])
            await self._sink.ingest(partial(watch.end, at_ms=self._sink.now_ms()))
        for target in targets.keys() - self._running.keys():
            watch = TargetWatch(target, self._sink, reader=self._make_reader(target))
            self._running[target] = (watch, asyncio.create_task(self._ask_for_ever(watch)))

    async def stop(self) -> None:
        """Stop asking. No series is marked as ended: it is the watcher who goes away."""
        await _stop([task for _, task in self._running.values()])
        self._running.clear()

    async def _ask_for_ever(self, watch: TargetWatch) -> None:
        clock = asyncio.get_running_loop()
        url = watch.target.url
        due_s = clock.time() + zlib.crc32(url.encode()) / 2**32 * self._interval_s
        while True:
            await asyncio.sleep(due_s - clock.time())
            at_ms, began_s = self._sink.now_ms(), clock.time()
            fetched = await self._fetch(url)
            took_s = clock.time() - began_s
            await self._sink.ingest(partial(watch.take, fetched, at_ms=at_ms, duration_s=took_s))
            missed = max(0, int((clock.time() - due_s) // self._interval_s))
            due_s += self._interval_s * (missed + 1)

    async def _fetch(self, url: str) -> Fetched | InputError:
        try:
            return await self._fetcher.fetch(url)
        except InputError as why:
            return why


async def _stop(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
