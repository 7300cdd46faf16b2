"""The live stream: the hub's frames as server-sent events, with a beat that proves it is alive."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from auscult.kernel.errors import AccessError, QueueFull, StoreUnavailable
from auscult.kernel.words import TenantId
from auscult.surface.api.access import Ask, Reader, identify
from auscult.surface.api.description import Responses
from auscult.surface.api.errors import answer
from auscult.surface.api.queries import EventsQuery, documented

BEAT_S = 2.0
TENANT_SHARE = 4
"""One tenant may hold this part of all streams: a quarter."""
TENANT_LEAST = 3
"""... but always so many, so that a small limit still lets a person open a few pages."""

router = APIRouter(prefix="/api/v1", tags=["live"])
STREAMED: Responses = {
    200: {
        "description": "Server-sent events, without an end",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    }
}


class Seats:
    """Who listens: a bound for all together, and for each tenant a share of it."""

    def __init__(self, limit: int) -> None:
        """Take how many may listen at once."""
        self._limit = limit
        self._share = min(limit, max(TENANT_LEAST, limit // TENANT_SHARE))
        self._taken: Counter[TenantId] = Counter()

    def taken(self, tenant: TenantId) -> int:
        """Return how many seats a tenant holds."""
        return self._taken[tenant]

    @contextmanager
    def take(self, tenant: TenantId) -> Iterator[None]:
        """Hold one seat; raises `QueueFull` where all, or all of the tenant's, are taken."""
        if self._taken[tenant] >= self._share:
            raise QueueFull(f"{self._share} pages of the tenant listen already", retry_after_s=30)
        if self._taken.total() >= self._limit:
            raise QueueFull(f"{self._limit} pages listen already", retry_after_s=30)
        self._taken[tenant] += 1
        try:
            yield
        finally:
            self._taken[tenant] -= 1


class Stream(StreamingResponse):
    """An endless answer that holds a seat exactly as long as it is being sent."""

    def __init__(self, ask: Ask, frames: AsyncIterator[bytes]) -> None:
        """Take who listens, and what they hear."""
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(frames, media_type="text/event-stream", headers=headers)
        self._seats: Seats = ask.request.app.state.seats
        self._tenant = ask.tenant

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send, or refuse where no seat is free."""
        try:
            with self._seats.take(self._tenant):
                await super().__call__(scope, receive, send)
        except QueueFull as full:
            await answer(full)(scope, receive, send)


@router.get(
    "/events",
    response_class=StreamingResponse,
    openapi_extra=documented(EventsQuery),
    responses=STREAMED,
)
async def stream(ask: Reader) -> StreamingResponse:
    """Stream the tenant's events; goes on after `Last-Event-ID` (or `?after=`)."""
    return open_stream(ask)


def open_stream(ask: Ask) -> StreamingResponse:
    """Return the endless response for a caller who was already checked."""
    query = ask.query(EventsQuery)
    last = ask.request.headers.get("last-event-id") or query.after
    return Stream(ask, with_beats(ask.engine.hub.subscribe(ask.tenant, last), ask))


async def with_beats(frames: AsyncIterator[bytes], ask: Ask) -> AsyncIterator[bytes]:
    """Yield the frames as they come, and an `event: beat` whenever none came for `BEAT_S`.

    The beat is a named event, not a comment, because the page shows its age; it has no id, so a
    replay never holds it. The hub opens with `hello` or `resync`, which carry the cursor. The
    stream ends with the credential that opened it.
    """
    pending: asyncio.Future[bytes] = asyncio.ensure_future(anext(frames))
    try:
        while await _may_listen(ask):
            done, _ = await asyncio.wait({pending}, timeout=BEAT_S)
            if not done:
                yield f"event: beat\ndata: {ask.engine.clock.now_ms()}\n\n".encode()
                continue
            try:
                frame = pending.result()
            except StopAsyncIteration:
                return
            yield frame
            pending = asyncio.ensure_future(anext(frames))
    finally:
        pending.cancel()


async def _may_listen(ask: Ask) -> bool:
    """Say whether the credential is still good; cheap, because the engine remembers it."""
    if ask.caller.how == "loopback":
        return True
    try:
        await identify(ask.request)
    except AccessError:
        return False
    except StoreUnavailable:  # nobody is logged out because the database is away for a moment
        return True
    return True
