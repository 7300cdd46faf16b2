"""Instants and settings as the tests of the room write them."""

from datetime import UTC, datetime
from typing import Any

import yaml

from auscult.notification.oncall import Schedule

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS


def utc(text: str) -> int:
    """`2026-03-29 01:00` in UTC as Unix milliseconds."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1_000)


def text_of(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1_000, UTC):%Y-%m-%d %H:%M}"


def schedule(text: str = "", **fields: Any) -> Schedule:
    """A schedule in Berlin, of YAML as a person writes it."""
    given = {"name": "streaming", "time_zone": "Europe/Berlin", **(yaml.safe_load(text) or {})}
    return Schedule.model_validate({**given, **fields})
