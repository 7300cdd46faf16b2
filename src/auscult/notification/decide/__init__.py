"""Who must know: routes, silences, inhibition and grouping, decided purely."""

from auscult.notification.decide.routes import TELLABLE, Route
from auscult.notification.decide.wishes import message_key, told_channels, wish_messages

__all__ = ["TELLABLE", "Route", "message_key", "told_channels", "wish_messages"]
