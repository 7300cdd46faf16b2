"""Spans of what each process really did, exported by OTLP/HTTP when an endpoint is given."""

from soundstage.tracing.context import Context
from soundstage.tracing.tracer import Span, Tracer

__all__ = ["Context", "Span", "Tracer"]
