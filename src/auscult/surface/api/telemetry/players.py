"""`POST /api/v1/players/events`: what players report, in batches.

200 says how many events were taken, and of those that were not which and why; they are not to be
sent again. 400, 413: the batch cannot be read at all. 503 and Retry-After: send it again.
"""

from typing import Any

from fastapi import APIRouter, Response

from auscult.kernel.errors import MediaUnsupported
from auscult.signals.otlp.messages import JSON
from auscult.signals.players import PlayerEvent
from auscult.signals.players.events import BODY_BYTES_MAX, EVENTS_MAX
from auscult.surface.api.access import Writer
from auscult.surface.api.description import BODY, takes, told
from auscult.surface.api.description.standing import PlayersTaken
from auscult.surface.api.limits import read_body
from auscult.surface.api.queries import Nothing
from auscult.surface.api.routes import DirectRoute
from auscult.surface.api.speech import said

PATH = "/api/v1/players/events"

router = APIRouter(prefix="/api/v1/players", tags=["players"], route_class=DirectRoute)


def documented_batch() -> dict[str, Any]:
    """Return the JSON schema of a batch, as OpenAPI shows it."""
    event = PlayerEvent.model_json_schema()
    items = {"type": "array", "maxItems": EVENTS_MAX, "items": event}
    schema = {"type": "object", "required": ["events"], "properties": {"events": items}}
    return takes(schema | {"$defs": event.get("$defs", {})}, media=JSON)


@router.post(
    "/events",
    openapi_extra=documented_batch(),
    responses=told(PlayersTaken, *BODY, 415),
)
async def events(ask: Writer) -> Response:
    """Take a batch of player events: startup, stall, switch, failure, end."""
    ask.query(Nothing)
    media = ask.request.headers.get("content-type", "")
    if media.partition(";")[0].strip().lower() != JSON:
        raise MediaUnsupported(f"{media[:80]!r}; taken here: {JSON}")
    body = await read_body(ask.request, BODY_BYTES_MAX)
    read = await ask.engine.telemetry.receive_players(ask.tenant, body)
    rejected = [{"index": place, "why": why} for place, why in read.reasons]
    return said({"taken": len(read.events), "rejected": read.rejected, "reasons": rejected})
