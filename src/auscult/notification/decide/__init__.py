"""Who must know: routes, silences, inhibition and grouping, decided purely."""

from auscult.notification.decide.keeping import KEPT_BY, learn, payload_for, remind
from auscult.notification.decide.routes import TELLABLE, Route
from auscult.notification.decide.wishes import message_key, told_channels, wish_messages

__all__ = [
    "KEPT_BY",
    "TELLABLE",
    "Route",
    "learn",
    "message_key",
    "payload_for",
    "remind",
    "told_channels",
    "wish_messages",
]
