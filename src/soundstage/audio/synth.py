"""Programmes made by code: the same seed and chunk number always give the same sound.

A chunk is a pure function of (style, seed, sequence number). A stage that was restarted therefore
goes on exactly where the wall clock says the programme is, without any state to recover.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from soundstage.audio import voices
from soundstage.audio.format import CHANNELS, CHUNK_SAMPLES, SAMPLE_RATE, Mono, Pcm
from soundstage.audio.voices import Seconds

SCALE = (0, 2, 4, 7, 9, 12, 14, 16)
CHORDS = ((0, 4, 7), (9, 12, 16), (5, 9, 12), (7, 11, 14))
PAUSES = 0.2
"""Share of the syllables that people leave out to breathe and to think."""

SHARP = 0.4
"""Share of the syllables that begin with an s: a voice has highs too."""

Note = Callable[[Seconds], Mono]
Placed = tuple[float, float, tuple[float, float], Note]
"""A note on the time line: start and length in seconds, gain and place −1 (left) to 1."""


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
        # A faint hiss, as every real microphone has: the enhance stage has something to remove.
        hiss = self._rng(seq, 99).standard_normal((CHANNELS, CHUNK_SAMPLES), dtype=np.float32)
        mix = np.float32(0.002) * hiss
        for start_s, length_s, (gain, place), note in self._notes(first / SAMPLE_RATE):
            begin = max(0, round(start_s * SAMPLE_RATE) - first)
            end = min(CHUNK_SAMPLES, round((start_s + length_s) * SAMPLE_RATE) - first)
            if gain > 0.0 and end > begin:
                since = np.arange(begin, end) / SAMPLE_RATE - (start_s - first / SAMPLE_RATE)
                sound = note(since)
                for channel, share in enumerate(pan(place)):
                    mix[channel, begin:end] += np.float32(gain * share) * sound
        return np.ascontiguousarray(np.tanh(mix, out=mix).T)

    def _rng(self, index: int, layer: int) -> np.random.Generator:
        return np.random.default_rng((self.seed, max(0, index), layer))

    def _notes(self, from_s: float) -> Iterator[Placed]:
        style, beat_s = self.style, self.style.beat_s
        for beat in range(int(from_s / beat_s) - 2, int((from_s + 1.0) / beat_s) + 1):
            at_s = beat * beat_s
            yield at_s, 2 * beat_s, (style.melody, 0.6 * math.sin(2.4 * beat)), self._pluck(beat)
            yield from self._syllable(beat)
            if beat % 2 == 0:
                yield at_s, 0.4, (style.drums, 0.0), voices.kick
            yield at_s + beat_s / 2, 0.1, (style.drums, 0.4), self._hat(beat)
        bar_s = 4 * beat_s
        for bar in range(int(from_s / bar_s) - 1, int((from_s + 1.0) / bar_s) + 1):
            chord = CHORDS[bar % len(CHORDS)]
            for step, place in zip(chord, (-0.7, 0.0, 0.7), strict=True):
                yield bar * bar_s, bar_s * 1.1, (style.chords, place), self._pad(step)

    def _pluck(self, beat: int) -> Note:
        step = SCALE[int(self._rng(beat, 1).integers(len(SCALE)))]
        pitch_hz, length_s = 2 * self.style.root_hz * 2 ** (step / 12), 2 * self.style.beat_s
        return lambda since: voices.pluck(since, pitch_hz, length_s)

    def _hat(self, beat: int) -> Note:
        return lambda since: voices.hiss(since, self._rng(beat, 2), gain=0.06, decay_s=0.02)

    def _pad(self, step: int) -> Note:
        pitch_hz, length_s = self.style.root_hz * 2 ** (step / 12), 4.4 * self.style.beat_s
        return lambda since: voices.pad(since, pitch_hz, length_s)

    def _syllable(self, beat: int) -> Iterator[Placed]:
        style, rng = self.style, self._rng(beat, 3)
        if style.speech <= 0.0 or rng.random() < PAUSES:
            return
        at_s, length_s = beat * style.beat_s, 0.8 * style.beat_s
        pitch_hz = style.root_hz * float(rng.uniform(0.85, 1.2))
        formants = voices.VOWELS[int(rng.integers(len(voices.VOWELS)))]
        yield (
            at_s,
            length_s,
            (style.speech, 0.0),
            lambda since: voices.syllable(since, pitch_hz, formants, length_s=length_s),
        )
        if rng.random() < SHARP:
            s = self._rng(beat, 4)
            begin_s = at_s - 0.1 * style.beat_s
            yield (
                begin_s,
                0.1,
                (style.speech, 0.0),
                lambda since: voices.hiss(since, s, gain=0.05, decay_s=0.03),
            )


def pan(place: float) -> tuple[float, float]:
    """Gains of left and right for a place from −1 (left) to 1 (right), of constant power."""
    angle = (place + 1.0) * math.pi / 4
    return math.sqrt(2) * math.cos(angle), math.sqrt(2) * math.sin(angle)
