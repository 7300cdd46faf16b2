"""The proxies of this process, by the port they listen on; each is taken away by itself."""

import asyncio
from dataclasses import fields
from typing import Any

from aiohttp import web

from soundstage.errors import BadSetting
from soundstage.outside.proxy import Impairment, Proxy

MOST_LINKS = 16
MOST_SECONDS = 600.0


class Links:
    """Opens and closes links when asked by HTTP."""

    def __init__(self, router: web.UrlDispatcher) -> None:
        """Add ``POST /links`` and ``DELETE /links/{port}``."""
        self._open: dict[int, tuple[Proxy, asyncio.TimerHandle]] = {}
        self._closing: set[asyncio.Task[None]] = set()
        router.add_post("/links", self._add)
        router.add_delete("/links/{port}", self._remove)

    async def _add(self, request: web.Request) -> web.Response:
        if request.content_type != "application/json":
            raise web.HTTPUnsupportedMediaType(text="send application/json")
        wish = await request.json()
        if len(self._open) >= MOST_LINKS:
            raise web.HTTPServiceUnavailable(text="too many links")
        try:
            proxy = Proxy(int(wish["to_port"]), read_impairment(wish["impairment"]))
        except (BadSetting, KeyError, TypeError, ValueError) as error:
            raise web.HTTPBadRequest(text=str(error)) from error
        port = await proxy.open()
        seconds = min(MOST_SECONDS, float(wish["seconds"]))
        timer = asyncio.get_running_loop().call_later(seconds, self._close, port)
        self._open[port] = (proxy, timer)
        return web.json_response({"port": port})

    async def _remove(self, request: web.Request) -> web.Response:
        port = request.match_info["port"]
        self._close(int(port) if port.isdecimal() and len(port) < len("100000") else 0)
        return web.json_response({"links": sorted(self._open)})

    def _close(self, port: int) -> None:
        if port in self._open:
            proxy, timer = self._open.pop(port)
            timer.cancel()
            task = asyncio.get_running_loop().create_task(proxy.close())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)


def read_impairment(wish: dict[str, Any]) -> Impairment:
    """Read an impairment from JSON; an unknown name raises ``BadSetting``."""
    known = {field.name for field in fields(Impairment)}
    if wrong := sorted(set(wish) - known):
        raise BadSetting(f"a link knows no {wrong[0]}; it knows: {', '.join(sorted(known))}")
    return Impairment(**{name: float(value) for name, value in wish.items()})
