"""The frame every process stands in: health, metrics, fault control, orderly stop."""

import asyncio
import signal
import time
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from http import HTTPStatus
from typing import Any

from aiohttp import web

from soundstage.plan import Plan, Process
from soundstage.sabotage.inside import Inside
from soundstage.stages.instruments import Instruments

LOOP_EVERY_S, LOOP_SAMPLES = 0.25, 20
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Frame:
    """One process: its place in the plan, its metrics, its HTTP application, its tasks."""

    def __init__(self, plan: Plan, place: Process, *, release: str) -> None:
        """Prepare the routes every process has; nothing listens yet."""
        self.plan = plan
        self.place = place
        self.release = release
        self.instruments = Instruments(place.name)
        self.instruments.tell_release(release)
        self.inside = Inside()
        self.work: list[Coroutine[Any, Any, None]] = []
        self.app = web.Application(middlewares=[self._answer])
        self.app.router.add_get("/healthz", self._health)
        self.app.router.add_get("/metrics", self._metrics)
        self.app.router.add_get("/control/fault", self._faults)
        self.app.router.add_post("/control/fault", self._enter_fault)
        self.app.router.add_delete("/control/fault/{name}", self._leave_fault)

    def route(self, path: str, handler: Handler) -> None:
        """Serve a data route (counted, timed, and within reach of faults)."""
        self.app.router.add_get(path, handler)

    async def run(self) -> None:
        """Listen on the planned port and work until SIGTERM or SIGINT."""
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        runner = web.AppRunner(self.app, access_log=None, shutdown_timeout=0.05)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self.place.port).start()
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(work) for work in (*self.work, self._watch_loop())]
            await stop.wait()
            for task in tasks:
                task.cancel()
        self.inside.leave_all()
        await runner.cleanup()

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
        started = time.perf_counter()
        resource = request.match_info.route.resource
        route = resource.canonical if resource else "unknown"
        data = "tenant" in request.match_info
        code = int(HTTPStatus.INTERNAL_SERVER_ERROR)
        try:
            response = (await self.inside.interfere(request)) if data else None
            response = response or await handler(request)
            code = response.status
        except web.HTTPException as error:
            code = error.status
            raise
        finally:
            tenant = request.match_info.get("tenant", "")
            self._count(route, code, tenant=tenant, took_s=time.perf_counter() - started)
        return response

    def _count(self, route: str, code: int, *, tenant: str, took_s: float) -> None:
        own = self.instruments
        own.requests.labels(own.stage, route, str(code), tenant).inc()
        if tenant:
            own.request_s.labels(own.stage, route).observe(took_s)

    async def _health(self, _request: web.Request) -> web.Response:
        return web.json_response({"stage": self.place.name, "release": self.release})

    async def _metrics(self, _request: web.Request) -> web.Response:
        return web.Response(
            body=self.instruments.render(),
            headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"},
        )

    async def _faults(self, _request: web.Request) -> web.Response:
        return web.json_response({"active": self.inside.active()})

    async def _enter_fault(self, request: web.Request) -> web.Response:
        # A page in a browser cannot send this type across origins without being asked first.
        if request.content_type != "application/json":
            raise web.HTTPUnsupportedMediaType(text="send application/json")
        wish = await request.json()
        self.inside.enter(wish["name"], wish.get("parameters", {}), seconds=wish["seconds"])
        return web.json_response({"active": self.inside.active()})

    async def _leave_fault(self, request: web.Request) -> web.Response:
        self.inside.leave(request.match_info["name"])
        return web.json_response({"active": self.inside.active()})
