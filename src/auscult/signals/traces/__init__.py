"""Recent traces of each tenant: kept, searched, shown as trees, and counted."""

from auscult.signals.traces.book import Kept, TraceBook
from auscult.signals.traces.edges import find_edges
from auscult.signals.traces.meter import SpanMeter
from auscult.signals.traces.names import Names
from auscult.signals.traces.searching import TraceQuery, TraceSummary, search_traces
from auscult.signals.traces.trees import SpanView, Trace, build_trace
from auscult.signals.traces.weighing import Weights, weigh

__all__ = [
    "Kept",
    "Names",
    "SpanMeter",
    "SpanView",
    "Trace",
    "TraceBook",
    "TraceQuery",
    "TraceSummary",
    "Weights",
    "build_trace",
    "find_edges",
    "search_traces",
    "weigh",
]
