"""Who must know, when and how: routes, messages and channels."""

from auscult.notification.port import CHANNELS, Channel

__all__ = ["CHANNELS", "Channel"]
