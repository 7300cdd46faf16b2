"""Recent traces of the caller's tenant: a search, and one trace as a tree."""

import asyncio

from fastapi import APIRouter, Response
from pydantic import Field

from auscult.kernel.errors import QueryUnknown
from auscult.signals.traces import SpanView, Trace, TraceQuery, TraceSummary
from auscult.surface.api.access import Reader
from auscult.surface.api.description import told
from auscult.surface.api.description.standing import TracePage, TraceTold
from auscult.surface.api.queries import TEXT_CHARS_MAX, Nothing, Query, documented
from auscult.surface.api.routes import DirectRoute
from auscult.surface.api.speech import said

TRACES_MAX = 200
ID_CHARS = 32
TIME_MS_MAX = 253_402_300_799_999
"""The end of the year 9999."""
_NS_PER_MS = 1e6

router = APIRouter(prefix="/api/v1/traces", tags=["traces"], route_class=DirectRoute)


class TraceSearch(Query):
    """What a span of a wanted trace must be; `attribute` is `key=value`.

    `from_ms` and `to_ms` are Unix milliseconds, of when its request came in.
    """

    service: str = Field(default="", max_length=TEXT_CHARS_MAX)
    name: str = Field(default="", max_length=TEXT_CHARS_MAX)
    min_ms: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    failed: bool = False
    attribute: str = Field(default="", max_length=2 * TEXT_CHARS_MAX, pattern="^$|^[^=]+=")
    limit: int = Field(default=20, ge=1, le=TRACES_MAX)
    from_ms: int = Field(default=0, ge=0, le=TIME_MS_MAX)
    to_ms: int = Field(default=0, ge=0, le=TIME_MS_MAX)


@router.get("", openapi_extra=documented(TraceSearch), responses=told(TracePage))
async def search(ask: Reader) -> Response:
    """Return recent traces of which a span is as asked, the newest first."""
    asked = ask.query(TraceSearch)
    found = await ask.engine.telemetry.search(ask.tenant, query_of(asked))
    return said({"traces": [summary_json(one) for one in found]})


@router.get("/{trace_id}", responses=told(TraceTold))
async def show(trace_id: str, ask: Reader) -> Response:
    """Return one trace from the top down; its id is 32 hexadecimal digits."""
    ask.query(Nothing)
    trace = await ask.engine.telemetry.trace(ask.tenant, id_of(trace_id))
    return await asyncio.to_thread(lambda: said(trace_json(trace)))  # it may be some megabytes


def query_of(asked: TraceSearch) -> TraceQuery:
    """Return the book's words for the URL's words."""
    key, _, value = asked.attribute.partition("=")
    return TraceQuery(
        service=asked.service,
        name=asked.name,
        min_ms=asked.min_ms,
        failed=asked.failed,
        attribute=(key, value) if key else None,
        limit=asked.limit,
        from_ms=asked.from_ms,
        to_ms=asked.to_ms,
    )


def id_of(text: str) -> bytes:
    """Return the 16 bytes of a trace id; raises `QueryUnknown`."""
    try:
        if len(text) == ID_CHARS and text.isalnum():
            return bytes.fromhex(text)
    except ValueError:
        pass
    raise QueryUnknown(f"trace id {text[:ID_CHARS]!r} is not {ID_CHARS} hexadecimal digits")


def summary_json(one: TraceSummary) -> dict[str, object]:
    """Return one line of the search."""
    return {
        "trace_id": one.trace_id,
        "service": one.service,
        "name": one.name,
        "start_ms": one.start_ns / _NS_PER_MS,
        "duration_ms": one.duration_ns / _NS_PER_MS,
        "spans": one.spans,
        "failed": one.failed,
        "services": list(one.services),
        "has_root": one.has_root,
    }


def trace_json(trace: Trace) -> dict[str, object]:
    """Return one trace and what is not as it should be with it."""
    return {
        "trace_id": trace.trace_id,
        "spans_total": trace.total,
        "spans_shown": len(trace.spans),
        "parents_missing": trace.lost,
        "clocks_moved": trace.moved,
        "came_twice": trace.twice,
        "spans": [span_json(one) for one in trace.spans],
    }


def span_json(one: SpanView) -> dict[str, object]:
    """Return one span; `shift_ms` says by how much its clock was set right."""
    return {
        "span_id": one.span_id,
        "parent_id": one.parent_id or None,
        "depth": one.depth,
        "service": one.service,
        "name": one.name,
        "kind": one.kind,
        "start_ms": one.start_ns / _NS_PER_MS,
        "duration_ms": one.duration_ns / _NS_PER_MS,
        "shift_ms": one.shift_ns / _NS_PER_MS,
        "failed": one.failed,
        "parent_missing": one.is_lost,
        **one.details(),
    }
