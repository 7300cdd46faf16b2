"""The JSON interface under /api/v1, and the doors at the root that machines knock on."""

from auscult.surface.api import (
    alertmanager,
    delivery,
    events,
    health,
    incidents,
    oncall,
    pagerduty,
    series,
    standing,
    telemetry,
    write,
)

ROOMS = (incidents, series, standing, events, write, health)
ROUTERS = (
    *(room.router for room in ROOMS),
    *telemetry.ROUTERS,
    *alertmanager.ROUTERS,
    *pagerduty.ROUTERS,
    *oncall.ROUTERS,
    *delivery.ROUTERS,
)
"""Each router says its whole path itself, so that a route's template is what metrics call it."""

__all__ = ["ROUTERS"]
