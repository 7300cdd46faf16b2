"""A server on loopback for one receiver's wire contract: it answers by path, and keeps requests."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it came."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def data(self) -> dict[str, Any]:
        """The JSON object in it."""
        said: dict[str, Any] = json.loads(self.body)
        return said


Reply = tuple[int, Any]


@dataclass(slots=True)
class Wire:
    """Answers every request by `answer`; a dictionary becomes JSON, bytes stay what they are."""

    answer: Callable[[Asked], Reply]
    url: str = ""
    got: list[Asked] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)

    async def take(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        asked = Asked(
            request.method, request.path, dict(request.query), headers, await request.read()
        )
        self.got.append(asked)
        status, said = self.answer(asked)
        if isinstance(said, bytes):
            return web.Response(status=status, body=said, headers=self.headers)
        return web.json_response(said, status=status, headers=self.headers)


@asynccontextmanager
async def listening(answer: Callable[[Asked], Reply]) -> AsyncIterator[Wire]:
    """Run the server on a free port."""
    wire = Wire(answer)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", wire.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    wire.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield wire
    finally:
        await runner.cleanup()
