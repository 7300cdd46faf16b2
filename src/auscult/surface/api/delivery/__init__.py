"""What concerns the delivery of messages: what comes back from receivers, what was given up."""

from auscult.surface.api.delivery import deadletters, returning, why

ROUTERS = (returning.router, deadletters.router, why.router, why.alerts_router)

__all__ = ["ROUTERS"]
