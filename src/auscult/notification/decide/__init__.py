"""Who must know: routes, silences, inhibition and grouping, decided purely."""

from auscult.notification.decide.escalations import ESCALATE_TIMER, Around, Moved, escalate
from auscult.notification.decide.keeping import (
    KEPT_BY,
    instead_of,
    learn,
    payload_for,
    remind,
    stand_ins,
)
from auscult.notification.decide.routes import TELLABLE, Route
from auscult.notification.decide.wishes import message_key, told_channels, wish_messages

__all__ = [
    "ESCALATE_TIMER",
    "KEPT_BY",
    "TELLABLE",
    "Around",
    "Moved",
    "Route",
    "escalate",
    "instead_of",
    "learn",
    "message_key",
    "payload_for",
    "remind",
    "stand_ins",
    "told_channels",
    "wish_messages",
]
