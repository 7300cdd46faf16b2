"""A receiver on loopback that answers as told and keeps what it was sent."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_network

from aiohttp import web

from auscult.runtime.outbound import Guard

LOOPBACK = Guard((ip_network("127.0.0.0/8"), ip_network("::1/128")))
"""A guard that lets messages go to receivers on this machine, as one must be told to."""


@dataclass(slots=True)
class Answer:
    """How the receiver answers, and after how long (it keeps the request first)."""

    status: int = 200
    body: bytes = b"ok"
    headers: dict[str, str] = field(default_factory=dict)
    after_s: float = 0.0


@dataclass(slots=True)
class Receiver:
    """The server's address, its answers, and every request: (path, headers, body)."""

    url: str = ""
    answer: Answer = field(default_factory=Answer)
    got: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.got.append((request.path, headers, await request.read()))
        await asyncio.sleep(self.answer.after_s)
        return web.Response(
            status=self.answer.status, body=self.answer.body, headers=self.answer.headers
        )


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """Run a receiver on a free port of loopback."""
    receiver = Receiver()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", receiver.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    receiver.url = f"http://127.0.0.1:{port}"
    try:
        yield receiver
    finally:
        await runner.cleanup()
