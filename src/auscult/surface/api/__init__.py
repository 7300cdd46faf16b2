"""The JSON interface under /api/v1, and the three doors at the root that machines knock on."""

from auscult.surface.api import events, health, incidents, series, standing, write

ROUTERS = tuple(room.router for room in (incidents, series, standing, events, write, health))
"""Each router says its whole path itself, so that a route's template is what metrics call it."""

__all__ = ["ROUTERS"]
