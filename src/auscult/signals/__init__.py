"""What comes in from the platform, turned into columns."""

from auscult.signals.columns import RING_POINTS, Accepted, Columns, Intake, Rings
from auscult.signals.remote_write import Decoded, decode_write
from auscult.signals.series import (
    Kind,
    Refusals,
    Registry,
    SeriesBook,
    SeriesLimits,
    SeriesPage,
    decode_labels,
)
from auscult.signals.topology import Topology

__all__ = [
    "RING_POINTS",
    "Accepted",
    "Columns",
    "Decoded",
    "Intake",
    "Kind",
    "Refusals",
    "Registry",
    "Rings",
    "SeriesBook",
    "SeriesLimits",
    "SeriesPage",
    "Topology",
    "decode_labels",
    "decode_write",
]
