"""Calls to people as clients ask for them."""

import json

_NIGHTS = {"name": "week", "people": ["ada"], "start": "2026-01-05T09:00"}
SCHEDULE = "nights"
ONCALL = {
    "channels": {"console": {"use": "console"}},
    "oncall": {
        "people": [{"name": "ada", "time_zone": "UTC", "contacts": "console"}],
        "schedules": [{"name": SCHEDULE, "time_zone": "UTC", "layers": [_NIGHTS]}],
    },
}
"""Settings of a tenant whose incidents go by the default policy, whose schedules nobody has; and
one more schedule with somebody."""

OVERRIDES = "/api/v1/oncall/schedules/{schedule}/overrides"


def override_body(reason: str = "") -> bytes:
    """Return a wish of the tenant's person to be on call for an hour."""
    return json.dumps({"person": "ada", "for_min": 60, "reason": reason}).encode()


def query_for(path: str) -> str:
    """Return the parameters without which a path of this kind is refused."""
    return "?to=channel:console" if path.endswith("/reassign") else ""
