"""The incident list and the incident page: server-rendered, usable without script."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse, StreamingResponse

from auscult.kernel.errors import StateConflict
from auscult.kernel.facts import Acknowledged, Resolved
from auscult.kernel.incidents import Incident, Status
from auscult.kernel.words import Severity
from auscult.surface.api.access import Ask
from auscult.surface.api.events import open_stream
from auscult.surface.api.incidents import filter_of
from auscult.surface.api.limits import SMALL_BODY_BYTES, read_body
from auscult.surface.api.queries import IncidentQuery, Nothing, Query
from auscult.surface.api.speech import said
from auscult.surface.readings import (
    ListPage,
    Story,
    acknowledgement,
    change_incident,
    list_incidents,
    resolution,
    tell_coverage,
    tell_story,
)
from auscult.surface.web.charts import draw_evidence, draw_spark, trend_word
from auscult.surface.web.render import is_partial, render
from auscult.surface.web.session import SEE_OTHER, Visitor

router = APIRouter(include_in_schema=False)
STATES = ("unresolved", *Status, "all")
COUNTED_MAX = 1_000
NOTICES = {
    "acknowledged": "Acknowledged.",
    "resolved": "Resolved.",
    "first": "Somebody was first: see below who has it.",
    "over": "This incident is already over; nothing was changed.",
}


class NoticeQuery(Query):
    """What the last action did, said once."""

    done: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the list with what is drawn in it."""

    incident: Incident
    spark: str
    spark_end: tuple[float, float] | None
    trend: str


def row_of(incident: Incident) -> Row:
    """Return the line of one incident."""
    evidence = incident.strongest.evidence
    spark, end = draw_spark(evidence.at_ms, evidence.value)
    return Row(incident, spark, end, trend_word(evidence.value))


@router.get("/")
async def show_list(ask: Visitor) -> Response:
    """Show what needs a person first; the whole state of the page is in its URL."""
    query = ask.query(IncidentQuery)
    page = await list_incidents(ask.engine, ask.tenant, filter_of(query))
    return render(
        ask.request,
        "list.html",
        coverage=tell_coverage(ask.engine, ask.tenant),
        **_list_values(query, page),
    )


@router.get("/rows")
async def show_rows(ask: Visitor) -> Response:
    """Return the same list without the page around it, for the live update."""
    query = ask.query(IncidentQuery)
    page = await list_incidents(ask.engine, ask.tenant, filter_of(query))
    return render(ask.request, "rows.html", **_list_values(query, page))


@router.get("/incidents.json")
async def give_list(ask: Visitor) -> Response:
    """Return the list as data, by the same URL parameters."""
    query = ask.query(IncidentQuery)
    page = await list_incidents(ask.engine, ask.tenant, filter_of(query))
    return said({"incidents": page.incidents, "next": page.next, "counts": page.counts})


@router.get("/events", response_class=StreamingResponse)
async def stream(ask: Visitor) -> Response:
    """Stream the tenant's events to the page."""
    return open_stream(ask)


@router.get("/incidents/{incident_id}.json")
async def give_story(incident_id: str, ask: Visitor) -> Response:
    """Return one incident as data."""
    ask.query(Nothing)
    return said((await tell_story(ask.engine, ask.tenant, incident_id)).as_json())


@router.get("/incidents/{incident_id}")
async def show_story(incident_id: str, ask: Visitor) -> Response:
    """Show one incident: what, since when, how odd, who was told, what was done."""
    query = ask.query(NoticeQuery)
    story = await tell_story(ask.engine, ask.tenant, incident_id)
    return _page_of(ask, story, NOTICES.get(query.done, ""))


@router.post("/incidents/{incident_id}/acknowledge")
async def acknowledge(incident_id: str, ask: Visitor) -> Response:
    """Take an incident; a double tap takes it once."""
    await read_body(ask.request, SMALL_BODY_BYTES)
    fact = acknowledgement(ask.tenant, incident_id, ask.caller.name)
    return await _act(ask, fact)


@router.post("/incidents/{incident_id}/resolve")
async def resolve(incident_id: str, ask: Visitor) -> Response:
    """End an incident by a person's word."""
    await read_body(ask.request, SMALL_BODY_BYTES)
    return await _act(ask, resolution(ask.tenant, incident_id, ask.caller.name))


async def _act(ask: Ask, fact: Acknowledged | Resolved) -> Response:
    """Submit a person's fact; answer with the page (htmx) or a redirect to it (plain form)."""
    try:
        done = _notice(await change_incident(ask.engine, fact), fact)
    except StateConflict:
        done = "over"
    if is_partial(ask.request):
        story = await tell_story(ask.engine, ask.tenant, fact.incident)
        return _page_of(ask, story, NOTICES[done])
    return RedirectResponse(f"/incidents/{fact.incident}?done={done}", SEE_OTHER)


def _notice(incident: Incident, fact: Acknowledged | Resolved) -> str:
    if isinstance(fact, Resolved):
        return "resolved"
    return "acknowledged" if incident.acknowledged_by == fact.by else "first"


def _page_of(ask: Ask, story: Story, notice: str) -> Response:
    incident = story.incident
    sent = [one for one in story.deliveries if one.plug]
    return render(
        ask.request,
        "incident.html",
        story=story,
        incident=incident,
        chart=draw_evidence(incident.strongest.evidence),
        evidence=incident.strongest.evidence,
        deliveries=sent,
        notice=notice,
    )


def _list_values(query: IncidentQuery, page: ListPage) -> dict[str, Any]:
    return {
        "query": query,
        "rows": [row_of(incident) for incident in page.incidents],
        "next_url": list_url(query, cursor=page.next) if page.next else "",
        "first_url": list_url(query, cursor="") if query.cursor else "",
        "state_links": [(state, list_url(query, state=state, cursor="")) for state in STATES],
        "counts": page.counts,
        "shown_count": shown_count,
        "severities": list(Severity),
        "is_filtered": bool(query.severity or query.service or query.q),
        "clear_url": list_url(query, severity="", service="", q="", cursor=""),
        "query_text": list_url(query).removeprefix("/"),
    }


def shown_count(count: int) -> str:
    """Return a count as the store gives it: it stops counting after a thousand."""
    return f"{COUNTED_MAX:,}+" if count > COUNTED_MAX else str(count)


def list_url(query: IncidentQuery, **changed: str) -> str:
    """Return the list's URL with some parameters changed; defaults are left out."""
    defaults = IncidentQuery()
    values = query.model_dump() | changed
    kept = {name: value for name, value in values.items() if value != getattr(defaults, name)}
    return f"/?{urlencode(kept)}" if kept else "/"
