"""Spans, metrics, log records and player events over HTTP, and the traces that are made of them."""

from auscult.surface.api.telemetry import otlp, players, sounds, traces

ROUTERS = (otlp.router, traces.router, players.router, sounds.router)
BODIES = frozenset({*otlp.PATHS, players.PATH, sounds.PATH})
"""The paths that bound their bodies themselves."""

__all__ = ["BODIES", "ROUTERS"]
