"""Is this odd? Scores, calibration and the alert layer, as pure mathematics.

`Watch` is what the engine uses. NumPy loads with this room, so import it where it is needed.
"""

from auscult.detection.port import DETECTORS, Complaint, Detector
from auscult.detection.series import Series, read_series, score_series
from auscult.detection.watch import Coverage, Usual, Watch

__all__ = [
    "DETECTORS",
    "Complaint",
    "Coverage",
    "Detector",
    "Series",
    "Usual",
    "Watch",
    "read_series",
    "score_series",
]
