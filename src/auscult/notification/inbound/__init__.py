"""What comes back from receivers: a request whose signature is checked before anything is read."""

from auscult.notification.inbound.buttons import GroupSilenced, Wished
from auscult.notification.inbound.received import Received, person, said_by

__all__ = ["GroupSilenced", "Received", "Wished", "person", "said_by"]
