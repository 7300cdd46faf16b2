"""Programmes from the user's own files: each file is decoded once and played in a loop."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from soundstage.audio.codec import decode
from soundstage.audio.format import CHUNK_SAMPLES, SAMPLE_RATE, Pcm
from soundstage.errors import StartFailed

MAX_SECONDS = 600
"""Longer files are cut here: 600 s of 16-bit mono are 29 MB per programme."""

SUFFIXES = {".wav", ".flac", ".mp3", ".ogg", ".opus", ".m4a", ".aac", ".mka", ".webm"}


@dataclass(frozen=True, slots=True)
class Loop:
    """A decoded file; ``render(seq)`` gives chunk ``seq`` of its endless repetition."""

    samples: Pcm

    def render(self, seq: int) -> Pcm:
        """Return chunk ``seq`` (float32, −1..1), wrapping round at the end of the file."""
        where = np.arange(seq * CHUNK_SAMPLES, (seq + 1) * CHUNK_SAMPLES) % self.samples.size
        return self.samples[where]


def audio_files(folder: Path) -> list[Path]:
    """List the audio files of a folder by name; none at all raises ``StartFailed``."""
    found = sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES)
    if not found:
        raise StartFailed(f"no audio file ({', '.join(sorted(SUFFIXES))}) in {folder}")
    return found


def open_loop(path: Path) -> Loop:
    """Decode a file to the platform's format; an undecodable file raises ``StartFailed``."""
    samples = decode(path, rate=SAMPLE_RATE, at_most_s=MAX_SECONDS)
    if samples.size < CHUNK_SAMPLES:
        raise StartFailed(f"{path.name} holds less than one second of audio")
    return Loop(samples)
