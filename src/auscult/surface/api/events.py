"""The live stream: the hub's frames as server-sent events, with a beat that proves it is alive."""

import asyncio
from collections.abc import AsyncIterator

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from auscult.kernel.errors import QueueFull
from auscult.surface.api.access import Ask, Reader
from auscult.surface.api.queries import EventsQuery, documented
from auscult.surface.facade import Engine

BEAT_S = 2.0

router = APIRouter(prefix="/api/v1", tags=["live"])


@router.get("/events", response_class=StreamingResponse, openapi_extra=documented(EventsQuery))
async def stream(ask: Reader) -> StreamingResponse:
    """Stream the tenant's events; goes on after `Last-Event-ID` (or `?after=`)."""
    return open_stream(ask)


def open_stream(ask: Ask) -> StreamingResponse:
    """Return the endless response for a caller who was already checked."""
    query = ask.query(EventsQuery)
    last = ask.request.headers.get("last-event-id") or query.after
    limit = ask.engine.settings.limits.live_clients
    if ask.engine.hub.clients >= limit:
        raise QueueFull(f"{limit} pages listen already", retry_after_s=30)
    frames = ask.engine.hub.subscribe(ask.tenant, last)
    return StreamingResponse(
        with_beats(frames, ask.engine),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def with_beats(frames: AsyncIterator[bytes], engine: Engine) -> AsyncIterator[bytes]:
    """Yield the frames as they come, and an `event: beat` whenever none came for `BEAT_S`.

    The beat is a named event, not a comment, because the page shows its age; it has no id, so a
    replay never holds it. The hub opens with `hello` or `resync`, which carry the cursor.
    """
    pending: asyncio.Future[bytes] = asyncio.ensure_future(anext(frames))
    try:
        while True:
            done, _ = await asyncio.wait({pending}, timeout=BEAT_S)
            if not done:
                yield f"event: beat\ndata: {engine.clock.now_ms()}\n\n".encode()
                continue
            try:
                frame = pending.result()
            except StopAsyncIteration:
                return
            yield frame
            pending = asyncio.ensure_future(anext(frames))
    finally:
        pending.cancel()
