"""A share of the requests really fails, as with one broken worker behind the address."""

from dataclasses import dataclass
from itertools import count

from aiohttp import web

from soundstage.sabotage.inside import Inside
from soundstage.sabotage.port import Fault


@dataclass(frozen=True, kw_only=True)
class ErrorBurst(Fault):
    """``share`` of the data requests are answered with 503."""

    target = "edge"
    seconds = 40.0
    broken = "{target} fails a share of its requests"
    listener_notices = "players have to ask again; buffers shrink and sound may stop"

    share: float = 0.5

    def enter(self, inside: Inside) -> None:
        """Let every so many requests fail, evenly spread, so that each run is alike."""
        numbers = count(1)

        async def fail(_request: web.Request) -> web.StreamResponse | None:
            number = next(numbers)
            if int(number * self.share) == int((number - 1) * self.share):
                return None
            return web.Response(status=503, text="worker crashed")

        inside.before_reply(fail)
