"""The incidents of the caller's tenant: list, story, timeline, acknowledge, release, resolve."""

from fastapi import APIRouter, Response

from auscult.store import IncidentFilter
from auscult.surface.api.access import Reader
from auscult.surface.api.description import told
from auscult.surface.api.description.incidents import (
    EXHIBITED,
    IncidentPage,
    IncidentTold,
    StoryTold,
    TimelineTold,
)
from auscult.surface.api.queries import IncidentQuery, Nothing, documented
from auscult.surface.api.routes import DirectRoute
from auscult.surface.api.speech import said, sent_whole_or_part
from auscult.surface.readings import (
    acknowledgement,
    as_dict,
    change_incident,
    release,
    resolution,
    show_exhibit,
    tell_story,
    write_incidents,
    write_story,
)

router = APIRouter(prefix="/api/v1/incidents", tags=["incidents"], route_class=DirectRoute)


def filter_of(query: IncidentQuery) -> IncidentFilter:
    """Return the store's words for the URL's words."""
    return IncidentFilter(
        state=query.state,
        severity=query.severity,
        service=query.service,
        text=query.q,
        cursor=query.cursor,
        limit=query.limit,
    )


@router.get("", openapi_extra=documented(IncidentQuery), responses=told(IncidentPage))
async def list_all(ask: Reader) -> Response:
    """Return one page of incidents: `state`, `severity`, `service`, `q`, `cursor`, `limit`."""
    query = ask.query(IncidentQuery)
    body = await write_incidents(ask.engine, ask.tenant, filter_of(query))
    return Response(body, media_type="application/json")


@router.get("/{incident_id}", responses=told(StoryTold))
async def tell(incident_id: str, ask: Reader) -> Response:
    """Return one incident with its findings, runs, deliveries and timeline."""
    ask.query(Nothing)
    body = await write_story(ask.engine, ask.tenant, incident_id)
    return Response(body, media_type="application/json")


@router.get("/{incident_id}/timeline", responses=told(TimelineTold))
async def tell_timeline(incident_id: str, ask: Reader) -> Response:
    """Return what happened to one incident, oldest first."""
    ask.query(Nothing)
    story = await tell_story(ask.engine, ask.tenant, incident_id)
    return said({"timeline": [as_dict(line) for line in story.timeline]})


@router.get("/{incident_id}/exhibits/{exhibit_id}", response_class=Response, responses=EXHIBITED)
async def show(incident_id: str, exhibit_id: str, ask: Reader) -> Response:
    """Return a sound or a picture that convinced an observer; its id never means another."""
    ask.query(Nothing)
    media_type, body = await show_exhibit(
        ask.engine, ask.tenant, incident_id=incident_id, exhibit_id=exhibit_id
    )
    return sent_whole_or_part(ask.request, media_type, body)


@router.post("/{incident_id}/acknowledge", responses=told(IncidentTold, 409))
async def acknowledge(incident_id: str, ask: Reader) -> Response:
    """Take an incident; taking it twice is taking it once."""
    ask.query(Nothing)
    fact = acknowledgement(ask.tenant, incident_id, ask.caller.name)
    return said({"incident": await change_incident(ask.engine, fact)})


@router.post("/{incident_id}/release", responses=told(IncidentTold, 409))
async def give_back(incident_id: str, ask: Reader) -> Response:
    """Give back an incident that the caller has: it needs somebody again."""
    ask.query(Nothing)
    fact = release(ask.tenant, incident_id, ask.caller.name)
    return said({"incident": await change_incident(ask.engine, fact)})


@router.post("/{incident_id}/resolve", responses=told(IncidentTold, 409))
async def resolve(incident_id: str, ask: Reader) -> Response:
    """End an incident by a person's word."""
    ask.query(Nothing)
    fact = resolution(ask.tenant, incident_id, ask.caller.name)
    return said({"incident": await change_incident(ask.engine, fact)})
