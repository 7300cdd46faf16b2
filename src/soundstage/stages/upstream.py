"""Asking the stage before: every request is timed and its outcome counted."""

import time
from http import HTTPStatus

import aiohttp

from soundstage.plan import Process
from soundstage.stages.instruments import Instruments

TIMEOUT_S = 2.0


class Upstream:
    """The HTTP client towards one other process."""

    def __init__(self, place: Process, instruments: Instruments) -> None:
        """Remember whom to ask; the connection pool opens with the first request."""
        self.place = place
        self._own = instruments
        self._session: aiohttp.ClientSession | None = None
        instruments.tell_upstream(place.name)

    async def get(self, path: str) -> tuple[int, bytes, dict[str, str]]:
        """Fetch a path: (status, body, headers); status 0 when there was no answer in time."""
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=TIMEOUT_S, connect=1.0)
            self._session = aiohttp.ClientSession(timeout=timeout)
        started = time.perf_counter()
        status, body, headers = 0, b"", dict[str, str]()
        try:
            async with self._session.get(self.place.url + path) as response:
                body = await response.read()
                status, headers = response.status, dict(response.headers)
            outcome = name_outcome(status)
        except TimeoutError:
            outcome = "timeout"
        except aiohttp.ClientError:
            outcome = "unreachable"
        own, name = self._own, self.place.name
        own.upstream.labels(own.stage, name, outcome).inc()
        own.upstream_s.labels(own.stage, name).observe(time.perf_counter() - started)
        return status, body, headers

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()


def name_outcome(status: int) -> str:
    """Name the outcome of an answered request."""
    if status >= HTTPStatus.BAD_REQUEST:
        return "error"
    return "empty" if status == HTTPStatus.NO_CONTENT else "ok"
