"""Sound itself: programmes made by code or read from files, cleaned, encoded, packed, decoded."""

from soundstage.audio.format import CHUNK_SAMPLES, SAMPLE_RATE, Pcm

__all__ = ["CHUNK_SAMPLES", "SAMPLE_RATE", "Pcm"]
