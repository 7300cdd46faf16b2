"""Asking the stage before: every request is timed and its outcome counted."""

import asyncio
import time
from http import HTTPStatus
from typing import TYPE_CHECKING

import aiohttp

from soundstage.tracing import Context

if TYPE_CHECKING:
    from soundstage.stages.frame import Frame

TIMEOUT_S = 2.0


class Upstream:
    """The HTTP client towards the replicas of one other stage."""

    def __init__(self, frame: "Frame", stage: str) -> None:
        """Remember whom to ask; the connection pool opens with the first request."""
        self._frame, self._stage = frame, stage
        self._own = frame.instruments
        self._session: aiohttp.ClientSession | None = None
        for place in frame.plan.replicas(stage):
            self._own.tell_upstream(place.name)

    async def get(
        self,
        path: str,
        *,
        number: int,
        trace: Context | None = None,
        headers: dict[str, str] | None = None,
        wish: dict[str, str] | None = None,
    ) -> tuple[int, bytes, dict[str, str]]:
        """Fetch a path from the replica that answers for ``number``.

        Returns (status, body, headers); status 0 when there was no answer in time. A ``trace``
        that is recorded gets a span around the request, and the header that passes it on. With a
        ``wish`` it is posted as JSON instead.
        """
        place = self._frame.plan.serving(self._stage, number)
        url = self._frame.detours.get(place.name, place.url) + path
        if trace is None or not trace.sampled:
            return await self._fetch(place.name, url, headers, wish=wish)
        with self._frame.tracer.span(f"fetch {self._stage}", trace, kind="client") as span:
            sent = {**(headers or {}), "traceparent": span.context.header()}
            status, body, received = await self._fetch(place.name, url, sent)
            span.attributes |= {
                "peer.service": self._stage,
                "server.instance": place.name,
                "url.path": path.partition("?")[0],
                "http.response.status_code": status,
                "http.response.body.size": len(body),
            }
            bad = status == 0 or status >= HTTPStatus.BAD_REQUEST
            span.failed = f"HTTP {status}" if bad else ""
        return status, body, received

    async def _fetch(
        self,
        name: str,
        url: str,
        headers: dict[str, str] | None,
        *,
        wish: dict[str, str] | None = None,
    ) -> tuple[int, bytes, dict[str, str]]:
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=TIMEOUT_S, connect=1.0)
            self._session = aiohttp.ClientSession(timeout=timeout)
        started = time.perf_counter()
        status, body, received = 0, b"", dict[str, str]()
        try:
            method = "POST" if wish else "GET"
            async with self._session.request(method, url, headers=headers, json=wish) as response:
                body = await response.read()
                status, received = response.status, dict(response.headers)
            outcome = name_outcome(status)
        except TimeoutError:
            outcome = "timeout"
        except aiohttp.ClientError:
            outcome = "unreachable"
        own = self._own
        own.upstream.labels(own.stage, name, outcome).inc()
        own.upstream_s.labels(own.stage, name).observe(time.perf_counter() - started)
        return status, body, received

    async def close_at_end(self) -> None:
        """Wait for the end of the process, then close the connections."""
        try:
            await asyncio.Event().wait()
        finally:
            if self._session is not None:
                await self._session.close()


def name_outcome(status: int) -> str:
    """Name the outcome of an answered request."""
    if status >= HTTPStatus.BAD_REQUEST:
        return "error"
    return "empty" if status == HTTPStatus.NO_CONTENT else "ok"
