"""Alertmanager's API v2 under /api/v2, as its OpenAPI file of version 0.25 has it.

Its clients are strict: an error is a JSON string, an empty list is `[]`, and a status that is not
in the file is an error of its own.
"""

from auscult.surface.api.alertmanager import alerts, silences, status, webhook
from auscult.surface.api.alertmanager.alerts import PATH as ALERTS_PATH

ROUTERS = (status.router, alerts.router, silences.router, webhook.router)
BODIES = frozenset({ALERTS_PATH, silences.PATH, webhook.PATH})
"""Paths that bound their bodies themselves."""

__all__ = ["BODIES", "ROUTERS"]
