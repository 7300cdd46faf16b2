"""What comes back from receivers: a request whose signature is checked before anything is read."""

from auscult.notification.inbound.received import Received, person, said_by

__all__ = ["Received", "person", "said_by"]
