"""Samples as columns: judged, derived, and kept in rings."""

from auscult.signals.columns.intake import Accepted, Columns, Intake
from auscult.signals.columns.rings import RING_POINTS, Rings

__all__ = ["RING_POINTS", "Accepted", "Columns", "Intake", "Rings"]
