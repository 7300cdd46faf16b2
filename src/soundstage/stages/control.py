"""What a process may be told while it runs: faults, another plan, another way to a neighbour."""

import asyncio
from typing import TYPE_CHECKING, Any

from aiohttp import web

from soundstage.errors import SoundstageError

if TYPE_CHECKING:
    from soundstage.stages.frame import Frame

MOST_SECONDS = 600.0


class Control:
    """The routes below ``/control``; loopback only, and JSON only."""

    def __init__(self, frame: "Frame") -> None:
        """Add the routes to the frame's application."""
        self._frame = frame
        self._timers: dict[str, asyncio.TimerHandle] = {}
        router = frame.app.router
        router.add_get("/control/fault", self._faults)
        router.add_post("/control/fault", self._enter_fault)
        router.add_delete("/control/fault/{name}", self._leave_fault)
        router.add_post("/control/plan", self._reload)
        router.add_post("/control/detour", self._detour)
        router.add_delete("/control/detour/{place}", self._straight)

    async def _faults(self, _request: web.Request) -> web.Response:
        return web.json_response({"active": self._frame.inside.active()})

    async def _enter_fault(self, request: web.Request) -> web.Response:
        wish = await _read(request)
        try:
            self._frame.inside.enter(
                wish["name"], wish.get("parameters", {}), seconds=wish["seconds"]
            )
        except SoundstageError as error:
            raise web.HTTPBadRequest(text=str(error)) from error
        return await self._faults(request)

    async def _leave_fault(self, request: web.Request) -> web.Response:
        self._frame.inside.leave(request.match_info["name"])
        return await self._faults(request)

    async def _reload(self, request: web.Request) -> web.Response:
        await _read(request)
        self._frame.reload()
        return web.json_response({"replicas": len(self._frame.plan.processes)})

    async def _detour(self, request: web.Request) -> web.Response:
        """Reach ``place`` through ``url`` for ``seconds``, then directly again."""
        wish = await _read(request)
        place, seconds = str(wish["place"]), min(MOST_SECONDS, float(wish["seconds"]))
        self._clear(place)
        self._frame.detours[place] = str(wish["url"])
        loop = asyncio.get_running_loop()
        self._timers[place] = loop.call_later(seconds, self._clear, place)
        return web.json_response({"detours": self._frame.detours})

    async def _straight(self, request: web.Request) -> web.Response:
        self._clear(request.match_info["place"])
        return web.json_response({"detours": self._frame.detours})

    def _clear(self, place: str) -> None:
        if timer := self._timers.pop(place, None):
            timer.cancel()
        self._frame.detours.pop(place, None)


async def _read(request: web.Request) -> dict[str, Any]:
    # A page in a browser cannot send this type across origins without being asked first.
    if request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType(text="send application/json")
    wish = await request.json()
    if not isinstance(wish, dict):
        raise web.HTTPBadRequest(text="send a JSON object")
    return wish
