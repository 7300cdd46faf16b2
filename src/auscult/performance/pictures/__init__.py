"""Pictures of sound for a person to look at: PNG, made of samples without a plotting library."""

from auscult.performance.pictures.png import encode_png
from auscult.performance.pictures.spectrogram import draw_spectrogram

__all__ = ["draw_spectrogram", "encode_png"]
