"""Hears sound: figures and verdicts of one stream, alone or against its source."""

from auscult.performance.hearing.ear import Ear, Readings
from auscult.performance.hearing.verdicts import SCORE_MAX, Kind, Verdict

__all__ = ["SCORE_MAX", "Ear", "Kind", "Readings", "Verdict"]
