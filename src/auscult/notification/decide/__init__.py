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
from auscult.notification.decide.mutes import LOOK_MS, MuteRule, Sight, mute
from auscult.notification.decide.routes import TELLABLE, Route
from auscult.notification.decide.wishes import message_key, told_channels, wish_messages

__all__ = [
    "ESCALATE_TIMER",
    "KEPT_BY",
    "LOOK_MS",
    "TELLABLE",
    "Around",
    "Moved",
    "MuteRule",
    "Route",
    "Sight",
    "escalate",
    "instead_of",
    "learn",
    "message_key",
    "mute",
    "payload_for",
    "remind",
    "stand_ins",
    "told_channels",
    "wish_messages",
]
