"""Alerts and silences as clients post them."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.calls import override_body

ALERTS_PATH = "/api/v2/alerts"
SILENCES_PATH = "/api/v2/silences"
WEBHOOK_BODY = b'{"version": "4", "alerts": []}'


def alert_body(name: str, **labels: str) -> bytes:
    """Return one alert that fires from now on."""
    return json.dumps([{"labels": {"alertname": name, **labels}}]).encode()


def silence_body(value: str, *, minutes: int = 60, **more: Any) -> bytes:
    """Return a silence of the alerts whose `service` has a value, for so long from now."""
    now = datetime.now(UTC)
    silence = {
        "matchers": [{"name": "service", "value": value, "isRegex": False, "isEqual": True}],
        "startsAt": now.isoformat(),
        "endsAt": (now + timedelta(minutes=minutes)).isoformat(),
        "createdBy": "ann",
        "comment": "known",
        **more,
    }
    return json.dumps(silence).encode()


def body_for(path: str) -> bytes | None:
    """Return what may be posted to a path of this kind; None for any other path."""
    if path.endswith("/overrides"):
        return override_body()
    if path.endswith("/take"):
        return b"person=ada&hours=1"
    bodies = {
        "/api/v1/alertmanager": WEBHOOK_BODY,
        ALERTS_PATH: alert_body("x"),
        SILENCES_PATH: silence_body("x"),
    }
    return bodies.get(path)
