"""Pictures for a person to look at, made without a plotting library: PNG of sound, SVG of hulls."""

from auscult.performance.pictures.hull import Curve, Ladder, Point, draw_hulls
from auscult.performance.pictures.png import encode_png
from auscult.performance.pictures.spectrogram import draw_spectrogram

__all__ = ["Curve", "Ladder", "Point", "draw_hulls", "draw_spectrogram", "encode_png"]
