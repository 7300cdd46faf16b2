"""Hears a stream against its source, at an unknown and drifting delay."""

from auscult.performance.hearing.comparison.comparison import Comparison

__all__ = ["Comparison"]
