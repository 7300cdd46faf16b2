"""What Alertmanager posts to a webhook (version 4), read as alerts again.

A firing alert has no end there, and is said again only with the sender's `repeat_interval`: it is
held until it resolves, or as long as Alertmanager itself would remember it. What a body leaves out
(`truncatedAlerts`) says nothing. Source: `notify/webhook/webhook.go` of Alertmanager 0.25.
"""

from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter
from typing_extensions import TypedDict

from auscult.kernel.times import DAY_MS
from auscult.signals.alerts.posted import ALERTS_MAX, Postable, Posted, parse, take_valid

HOLD_MS = 5 * DAY_MS
"""`--data.retention` of Alertmanager, 120 h."""


class Told(Postable, total=False):
    """One alert, with what has become of it."""

    status: Literal["firing", "resolved"]


class Webhook(TypedDict):
    """A body; whoever changed its shape by a template is told so."""

    version: Literal["4"]
    alerts: Annotated[list[Told], Field(max_length=ALERTS_MAX)]


_BODY = TypeAdapter(Webhook)
SCHEMA: dict[str, Any] = _BODY.json_schema()
"""What a body should be, as JSON Schema says it."""


def read_webhook(body: bytes, *, now_ms: int) -> Posted:
    """Read a body; raises `BodyMalformed` where it is none of version 4."""
    given = parse(_BODY, body)["alerts"]
    return take_valid(map(_ended, given), now_ms=now_ms, hold_ms=HOLD_MS)


def _ended(told: Told) -> Postable:
    """Return an alert without an end where it fires."""
    ends = told.get("endsAt") if told.get("status") == "resolved" else None
    return Postable(
        labels=told.get("labels") or {},
        annotations=told.get("annotations"),
        startsAt=told.get("startsAt"),
        endsAt=ends,
        generatorURL=told.get("generatorURL"),
    )
