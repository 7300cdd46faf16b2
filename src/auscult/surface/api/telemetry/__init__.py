"""Spans, metrics, log records and player events over HTTP, and the traces that are made of them."""

from auscult.surface.api.telemetry import otlp, traces

ROUTERS = (otlp.router, traces.router)
BODIES = frozenset(otlp.PATHS)
"""The paths that bound their bodies themselves."""

__all__ = ["BODIES", "ROUTERS"]
