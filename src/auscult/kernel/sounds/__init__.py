"""Sound as columns: what a source of audio hands to whoever listens."""

from auscult.kernel.sounds.sound import Pcm, Sound

__all__ = ["Pcm", "Sound"]
