"""PagerDuty's Events API v2, so that what pages there pages here by another address."""

from auscult.surface.api.pagerduty import enqueue

ROUTERS = (enqueue.router,)
BODIES = frozenset({enqueue.PATH})
"""Paths that bound their bodies themselves."""

__all__ = ["BODIES", "ROUTERS"]
