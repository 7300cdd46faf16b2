"""Where on its way a programme goes wrong: every tap's ear, and what they say together."""

from auscult.performance.quality.keeping import KeptPlaces, keep_places, resume_places
from auscult.performance.quality.programme import Programme
from auscult.performance.quality.tap import Tap

__all__ = ["KeptPlaces", "Programme", "Tap", "keep_places", "resume_places"]
