"""Programmes made by code: the same seed and chunk number always give the same sound.

A chunk is a pure function of (style, seed, sequence number). A stage that was restarted therefore
goes on exactly where the wall clock says the programme is, without any state to recover.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from soundstage.audio import voices
from soundstage.audio.format import CHUNK_SAMPLES, SAMPLE_RATE, Pcm
from soundstage.audio.voices import Seconds

SCALE = (0, 2, 4, 7, 9, 12, 14, 16)
CHORDS = ((0, 4, 7), (9, 12, 16), (5, 9, 12), (7, 11, 14))
PAUSES = 0.2
"""Share of the syllables that people leave out to breathe and to think."""

Note = Callable[[Seconds], Pcm]


@dataclass(frozen=True, slots=True)
class Style:
    """How a programme sounds: tempo and the loudness of each of its layers."""

    beat_s: float
    root_hz: float
    melody: float = 1.0
    chords: float = 1.0
    drums: float = 1.0
    speech: float = 0.0


STYLES = {
    "pop": Style(beat_s=0.5, root_hz=220.0),
    "ambient": Style(beat_s=1.0, root_hz=165.0, melody=0.7, chords=1.6, drums=0.0),
    "talk": Style(beat_s=0.25, root_hz=118.0, melody=0.0, chords=0.25, drums=0.0, speech=1.0),
    "dance": Style(beat_s=0.48, root_hz=196.0, melody=0.8, drums=1.5),
    "magazine": Style(beat_s=0.4, root_hz=132.0, melody=0.5, chords=0.5, drums=0.3, speech=0.8),
}


@dataclass(frozen=True, slots=True)
class Synth:
    """A source of live sound; ``render(seq)`` gives chunk ``seq`` (float32, −1..1)."""

    style: Style
    seed: int

    def render(self, seq: int) -> Pcm:
        """Mix every note that sounds during chunk ``seq`` (counted from the start of time)."""
        first = seq * CHUNK_SAMPLES
        mix = np.zeros(CHUNK_SAMPLES, dtype=np.float32)
        # A faint hiss, as every real microphone has: the enhance stage has something to remove.
        mix += 0.002 * self._rng(seq, 99).standard_normal(CHUNK_SAMPLES).astype(np.float32)
        for start_s, length_s, gain, note in self._notes(first / SAMPLE_RATE):
            begin = max(0, round(start_s * SAMPLE_RATE) - first)
            end = min(CHUNK_SAMPLES, round((start_s + length_s) * SAMPLE_RATE) - first)
            if gain > 0.0 and end > begin:
                since = np.arange(begin, end) / SAMPLE_RATE - (start_s - first / SAMPLE_RATE)
                mix[begin:end] += gain * note(since)
        return np.tanh(mix)

    def _rng(self, index: int, layer: int) -> np.random.Generator:
        return np.random.default_rng((self.seed, max(0, index), layer))

    def _notes(self, from_s: float) -> Iterator[tuple[float, float, float, Note]]:
        style, beat_s = self.style, self.style.beat_s
        for beat in range(int(from_s / beat_s) - 2, int((from_s + 1.0) / beat_s) + 1):
            at_s = beat * beat_s
            yield at_s, 2 * beat_s, style.melody, self._pluck(beat)
            yield at_s, 0.8 * beat_s, style.speech, self._syllable(beat)
            if beat % 2 == 0:
                yield at_s, 0.4, style.drums, voices.kick
            yield at_s + beat_s / 2, 0.1, style.drums, self._hat(beat)
        bar_s = 4 * beat_s
        for bar in range(int(from_s / bar_s) - 1, int((from_s + 1.0) / bar_s) + 1):
            yield bar * bar_s, bar_s * 1.1, style.chords, self._pad(bar)

    def _pluck(self, beat: int) -> Note:
        step = SCALE[int(self._rng(beat, 1).integers(len(SCALE)))]
        pitch_hz, length_s = 2 * self.style.root_hz * 2 ** (step / 12), 2 * self.style.beat_s
        return lambda since: voices.pluck(since, pitch_hz, length_s)

    def _hat(self, beat: int) -> Note:
        return lambda since: voices.hat(since, self._rng(beat, 2))

    def _pad(self, bar: int) -> Note:
        root_hz, length_s = self.style.root_hz, 4.4 * self.style.beat_s
        pitches = tuple(root_hz * 2 ** (step / 12) for step in CHORDS[bar % len(CHORDS)])
        return lambda since: voices.pad(since, pitches, length_s)

    def _syllable(self, beat: int) -> Note:
        rng, beat_s = self._rng(beat, 3), self.style.beat_s
        if rng.random() < PAUSES:
            return lambda since: np.zeros(since.size, dtype=np.float32)
        pitch_hz = self.style.root_hz * float(rng.uniform(0.85, 1.2))
        formants, length_s = voices.VOWELS[int(rng.integers(len(voices.VOWELS)))], 0.8 * beat_s
        return lambda since: voices.syllable(since, pitch_hz, formants, length_s=length_s)
