"""Sound as columns: what a source of audio hands to whoever listens, and where it was heard."""

from auscult.kernel.sounds.heard import Heard, Unheard, Why
from auscult.kernel.sounds.sound import Pcm, Sound
from auscult.kernel.sounds.stream import RENDITION, Stream

__all__ = ["RENDITION", "Heard", "Pcm", "Sound", "Stream", "Unheard", "Why"]
