"""Spans, metrics, log records and player events over HTTP, and the traces that are made of them."""

from auscult.surface.api.telemetry import otlp, players, traces

ROUTERS = (otlp.router, traces.router, players.router)
BODIES = frozenset({*otlp.PATHS, players.PATH})
"""The paths that bound their bodies themselves."""

__all__ = ["BODIES", "ROUTERS"]
