"""What concerns the delivery of messages: what comes back from their receivers."""

from auscult.surface.api.delivery import returning

ROUTERS = (returning.router,)

__all__ = ["ROUTERS"]
