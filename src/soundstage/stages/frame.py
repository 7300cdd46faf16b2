"""The frame every process stands in: health, metrics, traces, control, orderly stop."""

import asyncio
import signal
import time
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple

from aiohttp import web

from soundstage.plan import Plan, Process, load_plan
from soundstage.sabotage.inside import Inside
from soundstage.stages.control import Control
from soundstage.stages.instruments import Instruments
from soundstage.stages.notes import CACHE, SENT_BYTES, TRACE
from soundstage.stages.share import Share
from soundstage.tracing import Context, Span, Tracer

LOOP_EVERY_S, LOOP_SAMPLES = 0.25, 20
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Answered(NamedTuple):
    """How a data request was answered."""

    status: int
    sent_bytes: int
    took_s: float


class Frame:
    """One process: its place in the plan, its metrics, its HTTP application, its tasks."""

    def __init__(self, plan: Plan, place: Process, *, state: Path, release: str) -> None:
        """Prepare the routes every process has; nothing listens yet."""
        self.plan, self.place, self.state, self.release = plan, place, state, release
        self.instruments = Instruments(place.name)
        self.instruments.tell_release(release)
        self.inside = Inside()
        self.tracer = _make_tracer(plan, place, release)
        self.detours: dict[str, str] = {}
        """Process name → the address it is reached at for the time being."""

        self.shares: list[Share] = []
        self.work: list[Coroutine[Any, Any, None]] = []
        self.told: Callable[[web.Request, Answered], None] | None = None
        """Is told of each data request once it is answered."""

        self._group: asyncio.TaskGroup | None = None
        self.app = web.Application(middlewares=[self._answer])
        self.app.router.add_get("/healthz", self._health)
        self.app.router.add_get("/metrics", self._metrics)
        Control(self)

    def route(self, path: str, handler: Handler, *, method: str = "GET") -> None:
        """Serve a data route (counted, timed, and within reach of faults)."""
        self.app.router.add_route(method, path, handler)

    def reload(self) -> None:
        """Read the plan again: replicas have come or gone."""
        self.plan = load_plan(self.state)
        if self._group:
            self._settle(self._group)

    async def run(self) -> None:
        """Listen on the planned port and work until SIGTERM or SIGINT."""
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        runner = web.AppRunner(self.app, access_log=None, shutdown_timeout=0.05)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self.place.port).start()
        works = [*self.work, self._watch_loop()]
        if self.tracer.on:
            works.append(self.tracer.export())
        async with asyncio.TaskGroup() as group:
            self._group = group
            tasks = [group.create_task(work) for work in works]
            self._settle(group)
            await stop.wait()
            for share in self.shares:
                share.stop()
            for task in tasks:
                task.cancel()
        self.inside.leave_all()
        await runner.cleanup()

    def _settle(self, group: asyncio.TaskGroup) -> None:
        for share in self.shares:
            share.settle(self.plan.share_of(self.place), group)

    async def _watch_loop(self) -> None:
        lateness_s: deque[float] = deque(maxlen=LOOP_SAMPLES)
        mean_s = self.instruments.loop_lag_s.labels(self.place.name)
        while True:
            asked = time.monotonic()
            await asyncio.sleep(LOOP_EVERY_S)
            lateness_s.append(max(0.0, time.monotonic() - asked - LOOP_EVERY_S))
            mean_s.set(sum(lateness_s) / len(lateness_s))

    @web.middleware
    async def _answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if "tenant" not in request.match_info:
            return await self._answer_tool(request, handler)
        started = time.perf_counter()
        code, sent_bytes, span = int(HTTPStatus.INTERNAL_SERVER_ERROR), 0, self._begin_span(request)
        try:
            response = await self.inside.interfere(request) or await handler(request)
            code = response.status
            sent_bytes = _size(request, response)
        except web.HTTPException as error:
            code = error.status
            raise
        finally:
            answered = Answered(code, sent_bytes, time.perf_counter() - started)
            self._count(request, code, took_s=answered.took_s)
            if self.told:
                self.told(request, answered)
            if span:
                _end_span(span, request, answered)
        return response

    async def _answer_tool(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            response = await handler(request)
        except web.HTTPException as error:
            self._count(request, error.status, took_s=0.0)
            raise
        self._count(request, response.status, took_s=0.0)
        return response

    def _begin_span(self, request: web.Request) -> Span | None:
        parent = Context.read(request.headers.get("traceparent", "")) if self.tracer.on else None
        if parent is None or not parent.sampled:
            return None
        span = self.tracer.span(f"GET {_route(request)}", parent, kind="server")
        request[TRACE] = span.context
        return span

    def _count(self, request: web.Request, code: int, *, took_s: float) -> None:
        own, tenant = self.instruments, request.match_info.get("tenant", "")
        own.requests.labels(own.stage, _route(request), str(code), tenant).inc()
        if tenant and SENT_BYTES not in request:  # how long an endless one lasts is no latency
            own.request_s.labels(own.stage, _route(request)).observe(took_s)

    async def _health(self, _request: web.Request) -> web.Response:
        return web.json_response({"stage": self.place.name, "release": self.release})

    async def _metrics(self, _request: web.Request) -> web.Response:
        return web.Response(
            body=self.instruments.render(),
            headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"},
        )


def _route(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return resource.canonical if resource else "unknown"


def _size(request: web.Request, response: web.StreamResponse) -> int:
    if isinstance(response, web.Response) and isinstance(response.body, bytes):
        return len(response.body)
    return int(request.get(SENT_BYTES, 0))


def _make_tracer(plan: Plan, place: Process, release: str) -> Tracer:
    resource = {
        "service.namespace": "soundstage",
        "service.name": place.stage or place.name,
        "service.instance.id": place.name,
        "service.version": release,
    }
    settings = plan.settings
    return Tracer(
        resource,
        endpoint=settings.traces_url,
        share=settings.traces_share,
        key_file=settings.key_file,
    )


def _end_span(span: Span, request: web.Request, answered: Answered) -> None:
    code = answered.status
    span.attributes |= {
        "http.request.method": request.method,
        "http.response.status_code": code,
        "http.response.body.size": answered.sent_bytes,
        "url.path": request.path,
        "tenant": request.match_info.get("tenant", ""),
        "programme": request.match_info.get("programme", ""),
    }
    if CACHE in request:
        span.attributes["cache"] = request[CACHE]
    span.failed = f"HTTP {code}" if code >= HTTPStatus.INTERNAL_SERVER_ERROR else ""
    with span:
        pass
