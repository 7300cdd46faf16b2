"""What Prometheus and its kin push: remote_write 1.0 and 2.0, decoded into columns."""

from auscult.signals.remote_write.decoded import Decoded
from auscult.signals.remote_write.receive import decode_write

__all__ = ["Decoded", "decode_write"]
