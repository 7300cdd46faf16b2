"""`POST /v2/enqueue`: one event as PagerDuty takes it; its `routing_key` is one of our API keys.

A key in the header `Authorization` goes before it, for senders whose routing key is not free.

| what became of it | status | as PagerDuty says it |
|---|---|---|
| it is durable | 202 | `{"status": "success", "message": ..., "dedup_key": ...}` |
| not an event, or nobody's key | 400 | `{"status": "invalid event", ..., "errors": [...]}` |
| more than 512 kB | 413 | the same |
| too much at once | 429 and Retry-After | `{"status": "throttle exceeded", "message": ...}` |
| the database is away | 503 and Retry-After | as everywhere here |

Senders of PagerDuty's try 429 and 5xx again and nothing else.
"""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from auscult.kernel.errors import (
    AccessError,
    AuscultError,
    BodyMalformed,
    BodyTooLarge,
    CapacityError,
    CredentialMissing,
    InputError,
)
from auscult.signals.alerts import Event, read_event
from auscult.signals.alerts.pagerduty import EVENT_BYTES_MAX
from auscult.surface.api.access import Anyone, identify_by, key_in
from auscult.surface.api.description import Responses, takes
from auscult.surface.api.description.alerts import EventRefused, EventTaken, EventThrottled
from auscult.surface.api.errors import answer, headers_of
from auscult.surface.api.limits import read_body
from auscult.surface.api.routes import DirectRoute

PATH = "/v2/enqueue"


class EventRoute(DirectRoute):
    """A `DirectRoute` that says what is wrong as PagerDuty does."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what answers one request."""
        handle = super().get_route_handler()

        async def told(request: Request) -> Response:
            try:
                return await handle(request)
            except (InputError, AccessError) as why:
                return refused(why)
            except CapacityError as why:
                slow = {"status": "throttle exceeded", "message": str(why)}
                return JSONResponse(slow, 429, headers_of(why))
            except AuscultError as why:
                return answer(why)

        return told


router = APIRouter(tags=["pagerduty"], route_class=EventRoute)
ANSWERED: Responses = {
    202: {"description": "Durable", "model": EventTaken},
    400: {"description": "Not an event, or nobody's key", "model": EventRefused},
    408: {"description": "It did not arrive in time", "model": EventRefused},
    413: {"description": "More than 512 kB", "model": EventRefused},
    429: {"description": "Too much at once", "model": EventThrottled},
}


@router.post(
    PATH,
    status_code=202,
    openapi_extra={"security": [], **takes(Event.model_json_schema(by_alias=True))},
    responses=ANSWERED,
)
async def enqueue(ask: Anyone) -> Response:
    """Take an event that triggers, acknowledges or resolves; 202 says that it is durable."""
    event = read_event(await read_body(ask.request, EVENT_BYTES_MAX))
    caller = await identify_by(ask.request, key_in(ask.request) or event.routing_key)
    key = await ask.engine.alerts.receive_event(caller.tenant, event, by=_by(event, caller.name))
    said = {"status": "success", "message": "Event processed", "dedup_key": key}
    return JSONResponse(said, 202)


def refused(why: AuscultError) -> JSONResponse:
    """Return what PagerDuty answers to what is no event of anybody's."""
    faults = why.faults if isinstance(why, BodyMalformed) else ()
    if isinstance(why, CredentialMissing):
        faults = ("'routing_key' is not an API key of auscult",)
    body = {
        "status": "invalid event",
        "message": "Event object is invalid",
        "errors": list(faults or (str(why),)),
    }
    return JSONResponse(body, 413 if isinstance(why, BodyTooLarge) else 400)


def _by(event: Event, name: str) -> str:
    """Return who acts: an event names no person, at best the program that sent it."""
    return f"{event.client} ({name})"[:200] if event.client else name
