"""What concerns the delivery of messages: what comes back from receivers, what was given up."""

from auscult.surface.api.delivery import deadletters, returning

ROUTERS = (returning.router, deadletters.router)

__all__ = ["ROUTERS"]
