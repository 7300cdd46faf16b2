"""The cache of an edge: answers kept for a while."""

import asyncio
import time
from http import HTTPStatus

from soundstage.stages.upstream import Upstream
from soundstage.tracing import Context

KEEP = 256


class Cache:
    """Answers kept for a while; one fetch at a time per path, however many ask."""

    def __init__(self, upstream: Upstream) -> None:
        """Fetch what is missing from ``upstream``."""
        self._upstream = upstream
        self._kept: dict[str, tuple[float, bytes]] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    async def get(
        self, path: str, ttl_s: float, *, number: int, trace: Context | None = None
    ) -> tuple[int, bytes, bool]:
        """Return (status, body, was it a hit); failures are never kept.

        ``number`` chooses the replica that is asked, ``trace`` is passed on to it.
        """
        lock = self._locks.setdefault(path, asyncio.Lock())
        try:
            async with lock:
                until_s, body = self._kept.get(path, (0.0, b""))
                if time.monotonic() < until_s:
                    return HTTPStatus.OK, body, True
                status, body, _ = await self._upstream.get(path, number=number, trace=trace)
                if status == HTTPStatus.OK:
                    self._kept[path] = (time.monotonic() + ttl_s, body)
                    self._forget()
                return status, body, False
        finally:
            if path not in self._kept and not lock.locked():
                self._locks.pop(path, None)  # a million wrong paths shall leave nothing behind

    def _forget(self) -> None:
        while len(self._kept) > KEEP:
            oldest = next(iter(self._kept))
            del self._kept[oldest]
            self._locks.pop(oldest, None)
