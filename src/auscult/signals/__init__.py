"""What comes in from the platform, turned into columns."""

from auscult.signals.columns import RING_POINTS, Accepted, Columns, Intake, Rings
from auscult.signals.series import (
    Kind,
    Refusals,
    Registry,
    SeriesBook,
    SeriesLimits,
    SeriesPage,
)

__all__ = [
    "RING_POINTS",
    "Accepted",
    "Columns",
    "Intake",
    "Kind",
    "Refusals",
    "Registry",
    "Rings",
    "SeriesBook",
    "SeriesLimits",
    "SeriesPage",
]
