"""`POST /api/v1/channels/TENANT/CHANNEL`: what Slack, PagerDuty and Telegram send back.

No API key: the receiver's own signature authenticates it. 404 for everything that is not signed,
whether or not there is such a tenant or channel; 403 for what was signed too long ago; 200, empty,
for what was taken, also where nothing was left to be done: why is told to whoever asked, there.
"""

from fastapi import APIRouter, Response

from auscult.engine.inbound import Request as Sent
from auscult.surface.api.access import Anyone
from auscult.surface.api.description import BINARY, BODY, refusing, takes
from auscult.surface.api.limits import read_body
from auscult.surface.api.routes import DirectRoute

PREFIX = "/api/v1/channels/"
BODY_BYTES_MAX = 1_048_576

router = APIRouter(prefix="/api/v1/channels", tags=["channels"], route_class=DirectRoute)


@router.post(
    "/{tenant}/{channel}",
    response_class=Response,
    openapi_extra={"security": [], **takes(BINARY, media="application/octet-stream")},
    responses={200: {"description": "Taken; the body is empty"}, **refusing(*BODY)},
)
async def take_back(tenant: str, channel: str, ask: Anyone) -> Response:
    """Take what a channel's receiver sends: a button that was pressed, an acknowledgement."""
    body = await read_body(ask.request, BODY_BYTES_MAX)
    headers = {name.lower(): value for name, value in ask.request.headers.items()}
    sent = Sent(headers=headers, query=dict(ask.request.query_params), body=body)
    await ask.engine.hear(tenant, channel, sent)
    return Response(status_code=200)
