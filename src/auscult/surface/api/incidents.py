"""The incidents of the caller's tenant: list, story, timeline, and what a person does to one."""

from typing import Any

from fastapi import APIRouter, Response

from auscult.kernel.alerts import Silence
from auscult.kernel.errors import StateConflict
from auscult.kernel.facts import (
    Acknowledged,
    Asked,
    Escalated,
    Reassigned,
    Released,
    Resolved,
    Silenced,
)
from auscult.kernel.findings import Phase
from auscult.kernel.matchers import Matcher
from auscult.kernel.times import MINUTE_MS
from auscult.store import IncidentFilter
from auscult.surface.api.access import Ask, Reader
from auscult.surface.api.description import told
from auscult.surface.api.description.incidents import (
    EXHIBITED,
    IncidentPage,
    IncidentTold,
    SilencesMade,
    StoryTold,
    TimelineTold,
)
from auscult.surface.api.queries import (
    AcknowledgeQuery,
    IncidentQuery,
    MuteQuery,
    Nothing,
    ReassignQuery,
    SnoozeQuery,
    documented,
)
from auscult.surface.api.routes import DirectRoute
from auscult.surface.api.speech import said, sent_whole_or_part
from auscult.surface.readings import (
    as_dict,
    change_incident,
    show_exhibit,
    tell_story,
    write_incidents,
    write_story,
)

BY_CHARS_MAX = 200
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


@router.post(
    "/{incident_id}/acknowledge",
    openapi_extra=documented(AcknowledgeQuery),
    responses=told(IncidentTold, 409),
)
async def acknowledge(incident_id: str, ask: Reader) -> Response:
    """Take an incident, with `for_min` for so long; taking it twice is taking it once."""
    for_min = ask.query(AcknowledgeQuery).for_min
    for_ms = for_min * MINUTE_MS if for_min is not None else None
    return await _do(ask, Acknowledged(**who(ask, incident_id), for_ms=for_ms))


@router.post("/{incident_id}/release", responses=told(IncidentTold, 409))
async def give_back(incident_id: str, ask: Reader) -> Response:
    """Give back an incident that the caller has: it needs somebody again."""
    ask.query(Nothing)
    return await _do(ask, Released(**who(ask, incident_id)))


@router.post(
    "/{incident_id}/snooze",
    openapi_extra=documented(SnoozeQuery),
    responses=told(IncidentTold, 409),
)
async def snooze(incident_id: str, ask: Reader) -> Response:
    """Have nobody called for `for_min` minutes (60): the caller has it until then."""
    for_ms = ask.query(SnoozeQuery).for_min * MINUTE_MS
    return await _do(ask, Silenced(**who(ask, incident_id), for_ms=for_ms))


@router.post(
    "/{incident_id}/mute",
    openapi_extra=documented(MuteQuery),
    responses=told(SilencesMade, 409),
)
async def mute(incident_id: str, ask: Reader) -> Response:
    """Silence what fires in an incident for `for_min` minutes (60); returns the silences."""
    query = ask.query(MuteQuery)
    made = await silence_signals(ask, incident_id, for_min=query.for_min, reason=query.reason)
    return said({"silences": made})


async def silence_signals(ask: Ask, incident_id: str, *, for_min: int, reason: str) -> list[str]:
    """Silence every signal of an incident that fires; return the ids of the silences.

    Raises `ObjectMissing`, and `StateConflict` where nothing fires.
    """
    incident = (await tell_story(ask.engine, ask.tenant, incident_id)).incident
    now_ms = ask.engine.clock.now_ms()
    firing = [one for one in incident.signals if one.phase is Phase.FIRING]
    if not firing:
        raise StateConflict("nothing fires in this incident")
    things = dict.fromkeys((one.subject, one.signal) for one in firing)
    made = []
    for subject, signal in things:
        silence = Silence(
            id="",
            matchers=tuple(
                Matcher(name=name, op="=", value=value)
                for name, value in (
                    ("service", subject.service),
                    ("instance", subject.instance),
                    ("signal", signal),
                )
                if value
            ),
            starts_ms=now_ms,
            ends_ms=now_ms + for_min * MINUTE_MS,
            updated_ms=now_ms,
            created_by=ask.caller.name,
            comment=reason or f"muted at incident {incident_id}",
        )
        by = ask.caller.name
        made.append(
            await ask.engine.alerts.silence(ask.tenant, silence, by=by, incident=incident_id)
        )
    return made


@router.post("/{incident_id}/escalate", responses=told(IncidentTold, 409))
async def escalate(incident_id: str, ask: Reader) -> Response:
    """Call the next level of the policy now; at the last one that is called again."""
    ask.query(Nothing)
    return await _do(ask, Escalated(**who(ask, incident_id)))


@router.post(
    "/{incident_id}/reassign",
    openapi_extra=documented(ReassignQuery),
    responses=told(IncidentTold, 409),
)
async def reassign(incident_id: str, ask: Reader) -> Response:
    """Hand an incident to others, who are called now."""
    to = ask.query(ReassignQuery).to
    return await _do(ask, Reassigned(**who(ask, incident_id), to=to))


@router.post("/{incident_id}/resolve", responses=told(IncidentTold, 409))
async def resolve(incident_id: str, ask: Reader) -> Response:
    """End an incident by a person's word."""
    ask.query(Nothing)
    return await _do(ask, Resolved(**who(ask, incident_id)))


async def _do(ask: Ask, fact: Asked) -> Response:
    return said({"incident": await change_incident(ask.engine, fact)})


def who(ask: Ask, incident_id: str) -> dict[str, Any]:
    """Return what every wish of a person says: the tenant, the incident, and who wishes it."""
    return {"tenant": ask.tenant, "incident": incident_id, "by": ask.caller.name[:BY_CHARS_MAX]}
