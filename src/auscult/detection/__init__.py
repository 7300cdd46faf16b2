"""Is this odd? Scores, calibration and the alert layer, as pure mathematics.

`Watch` is what the engine uses; NumPy is loaded when one of these names is first asked for.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from auscult.detection.port import DETECTORS, Complaint, Detector
    from auscult.detection.series import Series, read_series, score_series
    from auscult.detection.watch import Coverage, Usual, Watch

_HOMES = {
    "DETECTORS": "port",
    "Complaint": "port",
    "Coverage": "watch",
    "Detector": "port",
    "Series": "series",
    "Usual": "watch",
    "Watch": "watch",
    "read_series": "series",
    "score_series": "series",
}

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


def __getattr__(name: str) -> object:
    """Load a public name's module when it is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
