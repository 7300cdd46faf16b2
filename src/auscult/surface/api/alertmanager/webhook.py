"""`POST /api/v1/alertmanager`: what another Alertmanager posts to a webhook, version 4.

200 says how many alerts were taken, and what is wrong with the others; they are not to be sent
again. 400, 413: the body is none. 503 and Retry-After: send it again, as Alertmanager does.
"""

from fastapi import APIRouter, Response

from auscult.kernel.errors import BodyMalformed
from auscult.signals.alerts import said_wrong
from auscult.signals.alerts.webhook import SCHEMA as WEBHOOK_SCHEMA
from auscult.surface.api.access import Writer
from auscult.surface.api.description import BODY, takes, told
from auscult.surface.api.description.alerts import WebhookTaken
from auscult.surface.api.limits import read_body
from auscult.surface.api.queries import Nothing
from auscult.surface.api.routes import DirectRoute
from auscult.surface.api.speech import said

PATH = "/api/v1/alertmanager"

router = APIRouter(tags=["alertmanager"], route_class=DirectRoute)


@router.post(PATH, openapi_extra=takes(WEBHOOK_SCHEMA), responses=told(WebhookTaken, *BODY))
async def post(ask: Writer) -> Response:
    """Take the alerts of a webhook."""
    ask.query(Nothing)
    body = await read_body(ask.request, ask.engine.settings.limits.body_bytes)
    posted = await ask.engine.alerts.receive_webhook(ask.tenant, body)
    if posted.wrong and not posted.alerts:
        raise BodyMalformed(said_wrong(posted.wrong))
    return said({"taken": len(posted.alerts), "rejected": list(posted.wrong)})
