"""Who must know, when and how: routes, messages and channels."""

from auscult.notification.port import CHANNELS, Channel, Delivered

__all__ = ["CHANNELS", "Channel", "Delivered"]
