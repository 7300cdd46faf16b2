"""The incident list: server-rendered, usable without script, and the same list as data."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Response
from fastapi.responses import StreamingResponse

from auscult.kernel.incidents import Incident
from auscult.kernel.words import Severity
from auscult.surface.api.events import open_stream
from auscult.surface.api.incidents import filter_of
from auscult.surface.api.queries import STATES, IncidentQuery
from auscult.surface.api.speech import said
from auscult.surface.readings import ListPage, list_incidents
from auscult.surface.web.evidence.charts import draw_spark, trend_word
from auscult.surface.web.render import render
from auscult.surface.web.session import Visitor
from auscult.surface.web.tables import write_table

router = APIRouter(include_in_schema=False)
COUNTED_MAX = 1_000


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
        coverage=ask.engine.coverage(ask.tenant),
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


@router.get("/incidents.csv")
async def give_table(ask: Visitor) -> Response:
    """Return the list as a table, by the same URL parameters; `Link` names the page after it."""
    query = ask.query(IncidentQuery)
    page = await list_incidents(ask.engine, ask.tenant, filter_of(query))
    headers = {"Content-Disposition": 'attachment; filename="incidents.csv"'}
    if page.next:
        after = list_url(query, cursor=page.next).removeprefix("/")
        headers["Link"] = f'</incidents.csv{after}>; rel="next"'
    return Response(write_table(page.incidents), media_type="text/csv", headers=headers)


@router.get("/events", response_class=StreamingResponse)
async def stream(ask: Visitor) -> Response:
    """Stream the tenant's events to the page."""
    return open_stream(ask)


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
