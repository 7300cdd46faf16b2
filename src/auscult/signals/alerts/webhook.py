"""What Alertmanager posts to a webhook (version 4), read as alerts again.

A firing alert has no end there, and is said again only with the sender's `repeat_interval`: it is
held until it resolves, or as long as Alertmanager itself would remember it. What a body leaves out
(`truncatedAlerts`) says nothing. Source: `notify/webhook/webhook.go` of Alertmanager 0.25.
"""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct
from msgspec.json import Decoder, schema

from auscult.kernel.times import DAY_MS
from auscult.signals.alerts.posted import (
    ALERTS_MAX,
    SPELLED,
    Postable,
    Posted,
    ms_of,
    parse,
    take_valid,
)

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
    return take_valid((_ended(one, now_ms) for one in given), now_ms=now_ms, hold_ms=HOLD_MS)


def _ended(told: Told, now_ms: int) -> Postable:
    """Return an alert without an end where it fires, and with one where it has resolved."""
    starts, ends = told.starts_at, told.ends_at
    if told.status != "resolved":
        ends = None
    elif not ms_of(ends):  # whatever else it says: it is over
        ends = datetime.fromtimestamp(now_ms / 1_000, UTC)
        starts = None if ms_of(starts) > now_ms else starts
    return Postable(told.labels, told.annotations, starts, ends, told.generator_url)
