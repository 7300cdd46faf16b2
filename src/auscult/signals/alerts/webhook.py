"""What Alertmanager posts to a webhook (version 4), read as alerts again.

A firing alert has no end there, and is said again only with the sender's `repeat_interval`: it is
held until it resolves, or as long as Alertmanager itself would remember it. What a body leaves out
(`truncatedAlerts`) says nothing. Source: `notify/webhook/webhook.go` of Alertmanager 0.25.
"""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct
from msgspec.json import Decoder, schema

from auscult.kernel.times import DAY_MS
from auscult.signals.alerts.posted import ALERTS_MAX, SPELLED, Postable, Posted, parse, take_valid

HOLD_MS = 5 * DAY_MS
"""`--data.retention` of Alertmanager, 120 h."""


class Told(Postable, gc=False, rename=SPELLED):
    """One alert, with what has become of it."""

    status: Literal["firing", "resolved"] = "firing"


class Webhook(Struct):
    """A body; whoever changed its shape by a template is told so."""

    version: Literal["4"]
    alerts: Annotated[list[Told], Meta(max_length=ALERTS_MAX)]


_BODY = Decoder(Webhook)
SCHEMA: dict[str, Any] = schema(Webhook)
"""What a body should be, as JSON Schema says it."""


def read_webhook(body: bytes, *, now_ms: int) -> Posted:
    """Read a body; raises `BodyMalformed` where it is none of version 4."""
    given = parse(_BODY, body).alerts
    return take_valid(map(_ended, given), now_ms=now_ms, hold_ms=HOLD_MS)


def _ended(told: Told) -> Postable:
    """Return an alert without an end where it fires."""
    ends = told.ends_at if told.status == "resolved" else None
    return Postable(told.labels, told.annotations, told.starts_at, ends, told.generator_url)
