"""Programmes from the user's own files: each file is decoded once and played in a loop."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from soundstage.audio.codec import decode
from soundstage.audio.format import CHUNK_SAMPLES, SAMPLE_RATE, Pcm, to_bytes
from soundstage.errors import StartFailed

MAX_SECONDS = 300
"""Longer files are cut here: 300 s of 16-bit stereo are 58 MB per programme."""

SUFFIXES = {".wav", ".flac", ".mp3", ".ogg", ".opus", ".m4a", ".aac", ".mka", ".webm"}


@dataclass(frozen=True, slots=True)
class Loop:
    """A decoded file; ``render(seq)`` gives chunk ``seq`` of its endless repetition."""

    samples: NDArray[np.int16]
    """Shape (frames, 2)."""

    def render(self, seq: int) -> Pcm:
        """Return chunk ``seq`` (float32, −1..1), wrapping round at the end of the file."""
        where = np.arange(seq * CHUNK_SAMPLES, (seq + 1) * CHUNK_SAMPLES) % len(self.samples)
        return self.samples[where].astype(np.float32) / np.float32(32767.0)


def audio_files(folder: Path) -> list[Path]:
    """List the audio files of a folder by name; none at all raises ``StartFailed``."""
    try:
        found = sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES)
    except OSError as error:
        raise StartFailed(f"--audio {folder}: {error.strerror}; name a folder of files") from error
    if not found:
        raise StartFailed(f"no audio file ({', '.join(sorted(SUFFIXES))}) in {folder}")
    return found


def open_loop(path: Path) -> Loop:
    """Decode a file to the platform's format; an undecodable file raises ``StartFailed``."""
    samples = decode(path, rate=SAMPLE_RATE, at_most_s=MAX_SECONDS)
    if len(samples) < CHUNK_SAMPLES:
        raise StartFailed(f"{path.name} holds less than one second of audio")
    return Loop(np.frombuffer(to_bytes(samples), dtype="<i2").reshape(samples.shape))
