"""Edge: caches playlists and segments and serves them to listeners."""

import asyncio
import time
from http import HTTPStatus

from aiohttp import web

from soundstage.pace import SEGMENT_S
from soundstage.stages.frame import Frame
from soundstage.stages.instruments import LAG
from soundstage.stages.lag import Lag
from soundstage.stages.upstream import Upstream

SEGMENT_TTL_S, PLAYLIST_TTL_S = 60.0, 0.5
KEEP = 256
TYPES = {"ogg": "audio/ogg", "m3u8": "application/x-mpegurl"}


class Cache:
    """Answers kept for a while; one fetch at a time per path, however many ask."""

    def __init__(self, upstream: Upstream) -> None:
        """Fetch what is missing from ``upstream``."""
        self._upstream = upstream
        self._kept: dict[str, tuple[float, bytes]] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    async def get(self, path: str, ttl_s: float) -> tuple[int, bytes, bool]:
        """Return (status, body, was it a hit); failures are never kept."""
        async with self._locks.setdefault(path, asyncio.Lock()):
            until_s, body = self._kept.get(path, (0.0, b""))
            if time.monotonic() < until_s:
                return HTTPStatus.OK, body, True
            status, body, _ = await self._upstream.get(path)
            if status == HTTPStatus.OK:
                self._kept[path] = (time.monotonic() + ttl_s, body)
                self._forget()
            return status, body, False

    def _forget(self) -> None:
        while len(self._kept) > KEEP:
            oldest = next(iter(self._kept))
            del self._kept[oldest]
            self._locks.pop(oldest, None)


class Edge:
    """The routes of the edge and what it counts."""

    def __init__(self, frame: Frame) -> None:
        """Wire the cache to the stage before and the metrics to the frame."""
        self._stage, own, plan = frame.place.name, frame.instruments, frame.plan
        self._cache = Cache(Upstream(plan.process(frame.place.upstream), own))
        self._lookups = own.counter("cache_requests", "Lookups in the cache.", "result")
        self._bytes = own.counter("bytes_out", "Bytes of audio handed on.", "tenant")
        self._lags = {p.key: Lag(p, period_s=SEGMENT_S) for p in plan.programmes}
        lag_s = own.gauge("lag_seconds", LAG, "tenant", "programme")
        for programme in plan.programmes:
            labels = (self._stage, programme.tenant, programme.name)
            lag_s.labels(*labels).set_function(self._lags[programme.key].seconds)
        frame.route("/live/{tenant}/{programme}/{file}", self._serve)

    async def _serve(self, request: web.Request) -> web.Response:
        tenant, name, file = (request.match_info[k] for k in ("tenant", "programme", "file"))
        stem, _, suffix = file.partition(".")
        if f"{tenant}/{name}" not in self._lags or suffix not in TYPES:
            raise web.HTTPNotFound(text="no such programme")
        ttl_s = SEGMENT_TTL_S if suffix == "ogg" else PLAYLIST_TTL_S
        status, body, hit = await self._cache.get(f"/live/{tenant}/{name}/{file}", ttl_s)
        self._lookups.labels(self._stage, "hit" if hit else "miss").inc()
        if status == HTTPStatus.NOT_FOUND:
            raise web.HTTPNotFound(text="no such segment")
        if status != HTTPStatus.OK:
            raise web.HTTPBadGateway(text="the packager did not answer")
        if suffix == "ogg":
            self._bytes.labels(self._stage, tenant).inc(len(body))
            self._lags[f"{tenant}/{name}"].note(int(stem))
        return web.Response(body=body, content_type=TYPES[suffix])


def set_up(frame: Frame) -> None:
    """Serve listeners from the cache."""
    Edge(frame)
