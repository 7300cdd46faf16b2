"""`/api/v2/alerts` and `/api/v2/alerts/groups`."""

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from auscult.signals.alerts import said_wrong
from auscult.signals.alerts.posted import SCHEMA as POSTED_SCHEMA
from auscult.surface.api.access import Reader, Writer
from auscult.surface.api.alertmanager.readings import AlertsPage, AlertsQuery, Sight
from auscult.surface.api.alertmanager.routes import AlertmanagerRoute
from auscult.surface.api.description import takes, told
from auscult.surface.api.description.alerts import REFUSALS, AlertTold, GroupTold, taken
from auscult.surface.api.limits import read_body
from auscult.surface.api.queries import documented

PATH = "/api/v2/alerts"

router = APIRouter(
    prefix=PATH, tags=["alertmanager"], route_class=AlertmanagerRoute, responses=REFUSALS
)


@router.post(
    "",
    response_class=Response,
    openapi_extra=takes(POSTED_SCHEMA),
    responses=taken("Every alert of it is durable", 413),
)
async def post(ask: Writer) -> Response:
    """Take alerts; 200 says that they are durable, 400 which were not taken (the others were)."""
    body = await read_body(ask.request, ask.engine.settings.limits.body_bytes)
    posted = await ask.engine.alerts.receive(ask.tenant, body)
    if posted.wrong:
        return JSONResponse(said_wrong(posted.wrong), 400)
    return Response(status_code=200)


@router.get("", openapi_extra=documented(AlertsPage), responses=told(list[AlertTold]))
async def show(ask: Reader) -> Response:
    """Return the alerts that are not over."""
    query = ask.query(AlertsPage)
    alerting, now_ms = ask.engine.alerts.alerting(ask.tenant), ask.engine.clock.now_ms()
    told = await ask.engine.read(
        lambda work: Sight.of(work.of(ask.tenant), alerting, now_ms).alerts(query)
    )
    return JSONResponse(told)


@router.get("/groups", openapi_extra=documented(AlertsQuery), responses=told(list[GroupTold]))
async def show_groups(ask: Reader) -> Response:
    """Return the same, in the groups they are told in."""
    query = ask.query(AlertsQuery)
    alerting, now_ms = ask.engine.alerts.alerting(ask.tenant), ask.engine.clock.now_ms()
    told = await ask.engine.read(
        lambda work: Sight.of(work.of(ask.tenant), alerting, now_ms).groups(query)
    )
    return JSONResponse(told)
