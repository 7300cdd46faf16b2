"""A webhook receiver that stands for a pager: it counts what arrives and checks nothing."""

from collections.abc import Callable
from dataclasses import dataclass, field

from aiohttp import web

LARGEST_BYTES = 1 << 20
Heard = Callable[[str, str, str], None]
"""(kind, incident id, headline) of a message that came for the first time."""


@dataclass(slots=True)
class Pager:
    """Distinct messages by ``webhook-id`` (Standard Webhooks), and how many came twice."""

    heard: Heard
    kinds: dict[str, tuple[str, str]] = field(default_factory=dict)
    doubled: int = 0
    _runner: web.AppRunner | None = None

    async def open(self) -> str:
        """Listen on a free loopback port; returns the address."""
        app = web.Application(client_max_size=LARGEST_BYTES)
        app.router.add_post("/", self._receive)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.05)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}/"

    async def close(self) -> None:
        """Stop listening."""
        if self._runner:
            await self._runner.cleanup()

    def pages(self) -> dict[str, int]:
        """Distinct "opened" messages per incident id."""
        counts: dict[str, int] = {}
        for kind, incident in self.kinds.values():
            if kind.endswith("opened"):
                counts[incident] = counts.get(incident, 0) + 1
        return counts

    async def _receive(self, request: web.Request) -> web.Response:
        key = request.headers.get("webhook-id", "")
        try:
            message = await request.json()
            kind, incident = str(message["type"]), dict(message["data"]["incident"])
            number = str(incident["id"])
        except (ValueError, KeyError, TypeError) as error:
            raise web.HTTPBadRequest(text="not a Standard Webhooks message") from error
        if key and key in self.kinds:
            self.doubled += 1
        else:
            self.kinds[key or f"unnamed-{len(self.kinds)}"] = (kind, number)
            self.heard(kind, number, str(incident.get("headline", "")))
        return web.Response(status=204)
