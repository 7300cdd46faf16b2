"""Traces on the page: a search, one trace as a waterfall, and the way to one from an incident."""

from dataclasses import dataclass

from fastapi import APIRouter, Response
from pydantic import Field

from auscult.kernel.errors import ObjectMissing, QueryUnknown
from auscult.kernel.incidents import Incident
from auscult.signals.traces import SpanView, Trace, Weights, weigh
from auscult.surface.api.access import Ask
from auscult.surface.api.queries import Nothing
from auscult.surface.api.telemetry.traces import TraceSearch, id_of, query_of
from auscult.surface.readings import Story
from auscult.surface.web.render import render
from auscult.surface.web.session import Visitor

router = APIRouter(include_in_schema=False)
WIDTH = 1_000
"""Units of a bar's picture: a thousandth of the trace."""

BAR_LEAST = 2.0
SLOW_SHARE = 0.2
"""A span that has a smaller share of the whole of its own is not what makes a trace slow."""

DEEPEST_SHOWN = 12
"""Deeper spans are not moved further to the right, so that their names can be read on a phone."""


class TraceForm(TraceSearch):
    """The page's own form: its limit is that of a page."""

    limit: int = Field(default=25, ge=1, le=100)


@dataclass(frozen=True, slots=True)
class Bar:
    """One line of the waterfall: x and width in thousandths of the trace."""

    span: SpanView
    x: float
    width: float
    indent: int
    own_ns: int
    on_path: bool
    is_slow: bool
    after_ns: int


@dataclass(frozen=True, slots=True)
class Waterfall:
    """A trace as it is drawn. most: the span with the most time of its own; slow: if it is much."""

    bars: tuple[Bar, ...]
    start_ns: int
    duration_ns: int
    most: Bar | None
    slow: Bar | None


@dataclass(frozen=True, slots=True)
class Exemplar:
    """The trace an observer named. fall is None where no span of it is kept any more."""

    trace_id: str
    fall: Waterfall | None


@router.get("/traces")
async def show_traces(ask: Visitor) -> Response:
    """Search the tenant's recent traces."""
    form = ask.query(TraceForm)
    wrong = ""
    try:
        found = await ask.engine.telemetry.search(ask.tenant, query_of(form))
    except QueryUnknown as unknown:
        found, wrong = [], unknown.detail
    longest_ns = max((one.duration_ns for one in found), default=0)
    return render(
        ask.request, "traces.html", form=form, found=found, longest_ns=longest_ns, wrong=wrong
    )


@router.get("/traces/{trace_id}")
async def show_trace(trace_id: str, ask: Visitor) -> Response:
    """Show one trace as a waterfall."""
    ask.query(Nothing)
    trace = await ask.engine.telemetry.trace(ask.tenant, id_of(trace_id))
    fall = draw_waterfall(trace, weigh(trace.spans))
    return render(ask.request, "trace.html", trace=trace, fall=fall)


def draw_waterfall(trace: Trace, weights: Weights) -> Waterfall:
    """Return where each span's bar stands."""
    start_ns = min((span.start_ns for span in trace.spans), default=0)
    end_ns = max((span.start_ns + span.duration_ns for span in trace.spans), default=0)
    whole_ns = max(end_ns - start_ns, 1)
    bars = tuple(
        Bar(
            span=span,
            x=round(min(WIDTH * (span.start_ns - start_ns) / whole_ns, WIDTH - BAR_LEAST), 1),
            width=round(max(WIDTH * span.duration_ns / whole_ns, BAR_LEAST), 1),
            indent=min(span.depth, DEEPEST_SHOWN),
            own_ns=weights.own_ns.get(span.span_id, 0),
            on_path=span.span_id in weights.path,
            is_slow=span.span_id == weights.slow
            and weights.own_ns.get(span.span_id, 0) >= SLOW_SHARE * whole_ns,
            after_ns=span.start_ns - start_ns,
        )
        for span in trace.spans
    )
    most = next((bar for bar in bars if bar.span.span_id == weights.slow), None)
    slow = most if most and most.is_slow else None
    return Waterfall(bars, start_ns, end_ns - start_ns, most, slow)


async def find_exemplar(ask: Ask, story: Story) -> Exemplar | None:
    """Return the trace that the incident's evidence names, None where none of it names one."""
    trace_id = _named_trace(story.incident, story)
    if not trace_id:
        return None
    try:
        trace = await ask.engine.telemetry.trace(ask.tenant, id_of(trace_id))
    except ObjectMissing:
        return Exemplar(trace_id, None)
    return Exemplar(trace_id, draw_waterfall(trace, weigh(trace.spans)))


def _named_trace(incident: Incident, story: Story) -> str:
    """Return the id in the strongest evidence, or else in the last finding that has one."""
    if incident.strongest.evidence.trace_id:
        return incident.strongest.evidence.trace_id
    named = [one for one in story.findings if one.evidence.trace_id]
    return max(named, key=lambda one: one.at_ms).evidence.trace_id if named else ""
