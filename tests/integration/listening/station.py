"""A small radio station on loopback: live HLS and an endless stream, and ways to go wrong."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from aiohttp import web

from tests.unit.signals.listening.coded import segments, sweep

SEGMENT_S = 0.5
LISTED = 4
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Station:
    """What it plays, and what is wrong with it at the moment."""

    bodies: list[bytes]
    began_s: float = field(default_factory=time.monotonic)
    tags: str = ""
    stands_still_at: int | None = None
    loops_after: int | None = None
    lags_now_and_then: bool = False
    lists_asked: int = 0
    is_over: bool = False
    broken: dict[int, bytes | int] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    url: str = ""

    def newest(self) -> int:
        """The number of the newest whole segment."""
        now = int((time.monotonic() - self.began_s) / SEGMENT_S) + LISTED - 1
        if self.loops_after is not None:
            return LISTED - 1 + (now - LISTED + 1) % (self.loops_after - LISTED + 1)
        if self.lags_now_and_then and self.lists_asked % 2:
            now -= 1
        return now if self.stands_still_at is None else min(now, self.stands_still_at)

    async def playlist(self, _request: web.Request) -> web.Response:
        self.lists_asked += 1
        newest = len(self.bodies) - 1 if self.is_over else self.newest()
        first = 0 if self.is_over else max(0, newest - LISTED + 1)
        lines = ["#EXTM3U", "#EXT-X-TARGETDURATION:1", f"#EXT-X-MEDIA-SEQUENCE:{first}"]
        if self.tags:
            lines.append(self.tags)
        for number in range(first, newest + 1):
            lines += [f"#EXTINF:{SEGMENT_S},", f"{number}.ogg"]
        if self.is_over:
            lines.append("#EXT-X-ENDLIST")
        return web.Response(text="\n".join(lines) + "\n")

    async def segment(self, request: web.Request) -> web.Response:
        number = int(request.match_info["number"])
        self.asked.append(request.path)
        wrong = self.broken.get(number)
        if isinstance(wrong, int):
            return web.Response(status=wrong)
        return web.Response(body=wrong or self.bodies[number % len(self.bodies)])

    async def endless(self, request: web.Request) -> web.StreamResponse:
        """One encoder's packets as one Ogg body, sent as they would be played."""
        answer = web.StreamResponse(headers={"Content-Type": "audio/ogg"})
        await answer.prepare(request)
        (whole,) = segments(sweep(6), codec="libopus", container="ogg", seconds=1e6)
        step = len(whole) // 24
        with suppress(ConnectionError):
            for begin in range(0, len(whole), step):
                await answer.write(whole[begin : begin + step])
                await asyncio.sleep(6 / 24)
        return answer


@asynccontextmanager
async def on_air(**more: Handler) -> AsyncIterator[Station]:
    """A running station; `more` adds handlers by path."""
    bodies = segments(sweep(8), codec="libopus", container="ogg", seconds=SEGMENT_S)
    station = Station(bodies)
    app = web.Application()
    app.router.add_get("/live.m3u8", station.playlist)
    app.router.add_get("/{number:\\d+}.ogg", station.segment)
    app.router.add_get("/stream.ogg", station.endless)
    for path, handler in more.items():
        app.router.add_get(f"/{path}", handler)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    station.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield station
    finally:
        await runner.cleanup()
