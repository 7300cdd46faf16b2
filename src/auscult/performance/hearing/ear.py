"""The ear of one stream: figures and verdicts from decoded sound, with bounded memory."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from auscult.kernel.sounds import Sound
from auscult.performance.hearing.figures.blocks import STEP_S, Block, Blocks, Grid
from auscult.performance.hearing.figures.loudness import Loudness
from auscult.performance.hearing.figures.peaks import TruePeak
from auscult.performance.hearing.figures.spectrum import look
from auscult.performance.hearing.listeners.bands import Bands
from auscult.performance.hearing.listeners.boundaries import Boundaries
from auscult.performance.hearing.listeners.clipping import Clipping
from auscult.performance.hearing.listeners.holes import Gaps, Silence
from auscult.performance.hearing.listeners.impulses import Impulses
from auscult.performance.hearing.listeners.repeats import Repeats
from auscult.performance.hearing.listeners.stereo import ChannelLoss, MonoCollapse, Polarity
from auscult.performance.hearing.verdicts import Alarm, Kind, Verdict, open_kinds

PAUSE_S = 0.5
PAUSE_PEAK = 10 ** (-50 / 20)
NEVER = float("inf")
SURE_SCORE = {
    Kind.SPLICE: 0.0,
    Kind.CLIPPING: NEVER,
    Kind.POLARITY: NEVER,
    Kind.MONO_COLLAPSE: NEVER,
    Kind.BANDWIDTH: 20.0,
    Kind.NOISE: 4.0,
    Kind.TRANSCODE: 5.0,
}
"""What one piece has and another has not: sure are these from a score that clean programmes hardly
reach (those of loud, wide and mono pieces have no bounds), only where no other piece began at the
same time, and only the first time."""

NEAR_MS, DIP_MS = 700, 8
EDGE_MS = 100
"""A frame of 43 ms and a coder's window blur by so much when noise began."""

AT_ONCE_MS, AT_ONCE_SHARE = 150, 0.5
"""Noise that is in many bands within three frames is hardly played so: half of the score will do.
Treble goes at once wherever another piece begins."""

SPECTRA_MS, LATE_MS, PAUSE_MS, LEARNT_MS = 4_000, 2_000, 60, 60_000
INTRO_MS = 3_000
READ_FROM_SPECTRA = {Kind.BANDWIDTH, Kind.NOISE, Kind.TRANSCODE}
"""Of what is read from 4 s of spectra it is not known more exactly when it began (but for noise,
where it was heard not to be there yet); and what is usual there is for a minute what was usual in
the piece before. And how a piece begins, with one sound put before another, may be a splice of
whoever made it."""

BEGUN_MAX = 16


class Listener(Protocol):
    """Hears one thing in every block."""

    @property
    def alarms(self) -> Iterable[Alarm]:
        """What it may have opened."""

    def hear(self, block: Block) -> Iterator[Verdict]:
        """Take in one block and yield what is newly wrong."""


@dataclass(frozen=True, slots=True)
class Readings:
    """The figures of one stream now. Loudness in LUFS (−200 before sound), peaks in dBTP."""

    heard_s: float
    momentary_lufs: float
    short_term_lufs: float
    integrated_lufs: float
    true_peak_dbtp: float


class Ear:
    """Hears one stream without any reference.

    Fed with chunks of any length in order; it works on blocks of half a second of its own, so the
    same stream gives the same verdicts however it is cut. Time is counted from `start_ms` by
    frames; whoever loses a chunk begins a new ear or puts silence in its place. Memory is a few
    hundred kilobytes (mostly two minutes of band levels) and does not grow.
    """

    def __init__(self, rate_hz: int, channels: int, *, start_ms: int = 0) -> None:
        """Begin to hear; BodyMalformed if rate or channels are out of range."""
        self.grid = Grid(rate_hz, channels)
        self._blocks = Blocks(self.grid, start_ms)
        self._loudness = Loudness(self.grid)
        self._peak = TruePeak(self.grid)
        self._bands, self._polarity, self._collapse = Bands(self.grid), Polarity(), MonoCollapse()
        self._listeners: tuple[Listener, ...] = (
            Silence(),
            Gaps(self.grid),
            Impulses(self.grid),
            Repeats(),
            Clipping(),
            ChannelLoss(self.grid),
            self._collapse,
        )
        every = (*self._listeners, self._polarity, self._bands)
        self._alarms = [alarm for one in every for alarm in one.alarms]
        self._boundaries, self._passed = Boundaries(self.grid), set[Kind]()
        self._begun_ms: deque[int] = deque(maxlen=BEGUN_MAX)
        self._pause_bins = 0

    def hear(self, sound: Sound) -> list[Verdict]:
        """Take in the next chunk; return what became wrong in the blocks it completed.

        Raises:
            BodyMalformed: another rate or shape than the stream's, or samples that are no numbers.
            BodyTooLarge: more than two minutes at once.
        """
        self.grid.check(sound)
        found: list[Verdict] = []
        for block in self._blocks.push(sound.samples):
            found += map(self._weigh, self._hear(block))
        return found

    def _hear(self, block: Block) -> Iterator[Verdict]:
        spectra = look(block)
        for alarm in self._alarms:
            alarm.age(STEP_S)
        self._loudness.hear(block)
        self._peak.hear(block)
        self._notice_pause(block)
        self._boundaries.hear(block, spectra)
        for listener in self._listeners:
            yield from listener.hear(block)
        yield from self._polarity.hear(block, spectra)
        yield from self._bands.hear(block, spectra)

    def _weigh(self, verdict: Verdict) -> Verdict:
        """Say of what may be another piece's own that it is not sure."""
        least = SURE_SCORE.get(verdict.kind)
        if least is None:
            return verdict
        early_ms, by_ms = self._bands.began_ms.get(Kind.NOISE, (0.0, NEVER))
        if verdict.kind is Kind.NOISE and by_ms - early_ms <= AT_ONCE_MS:
            least *= AT_ONCE_SHARE
        # What came and went by itself once is this stream's way, as of a station that plays mono.
        is_new, is_strong = verdict.kind not in self._passed, (verdict.score or 0.0) >= least
        if verdict.kind is not Kind.SPLICE:
            self._passed.add(verdict.kind)
        is_another = self._is_another(verdict)
        if (is_another or least == NEVER) and verdict.kind not in READ_FROM_SPECTRA:
            self._begun_ms.append(verdict.since_ms)
        return replace(verdict, is_sure=is_new and is_strong and not is_another)

    def _is_another(self, verdict: Verdict) -> bool:
        """Whether another piece may have begun where this did.

        A piece brings many things at once, a fault one: what began together with something that a
        piece may explain is explained by it, too.
        """
        since_ms, bounds = verdict.since_ms, self._boundaries
        began_ms = self._bands.began_ms.get(verdict.kind)
        is_blurred = verdict.kind in READ_FROM_SPECTRA and began_ms is None
        late_ms = SPECTRA_MS if is_blurred else NEAR_MS
        if any(since_ms - NEAR_MS <= at_ms <= since_ms + late_ms for at_ms in self._begun_ms):
            return True
        if verdict.kind is Kind.SPLICE:
            return bounds.may_begin(since_ms - INTRO_MS, since_ms + NEAR_MS, pause_ms=PAUSE_MS)
        if began_ms is not None:
            early_ms, by_ms = map(round, began_ms)
            # A piece that fades loses its treble before the pause behind it.
            return (
                bounds.is_near(early_ms - EDGE_MS, by_ms + NEAR_MS)
                or bounds.has_dip(early_ms - EDGE_MS, by_ms + EDGE_MS, least_ms=DIP_MS)
                or bounds.has_dip(early_ms, by_ms + SPECTRA_MS, least_ms=PAUSE_MS)
            )
        if verdict.kind not in READ_FROM_SPECTRA:
            return bounds.may_begin(since_ms - NEAR_MS, since_ms + NEAR_MS, pause_ms=DIP_MS)
        return bounds.is_near(since_ms - LEARNT_MS, since_ms + LATE_MS) or bounds.has_dip(
            since_ms - SPECTRA_MS, since_ms + SPECTRA_MS, least_ms=PAUSE_MS
        )

    @property
    def open_kinds(self) -> frozenset[Kind]:
        """What is wrong now, as far as was heard; single events count for 5 s (clicks for 8)."""
        return open_kinds(self._alarms)

    @property
    def readings(self) -> Readings:
        """The figures up to the last whole block."""
        return Readings(
            heard_s=self._blocks.blocks * self.grid.size / self.grid.rate_hz,
            momentary_lufs=self._loudness.momentary_lufs,
            short_term_lufs=self._loudness.short_term_lufs,
            integrated_lufs=self._loudness.integrated_lufs,
            true_peak_dbtp=self._peak.true_peak_dbtp,
        )

    def _notice_pause(self, block: Block) -> None:
        """After half a second below −50 dB another programme may begin, if pauses are rare here."""
        loud = np.flatnonzero(block.peak.max(axis=0) > PAUSE_PEAK)
        if not loud.size:
            self._pause_bins += block.peak.shape[1]
            return
        longest = max(self._pause_bins + int(loud[0]), int(np.diff(loud).max(initial=0)))
        self._pause_bins = block.peak.shape[1] - 1 - int(loud[-1])
        if longest >= 1000 * PAUSE_S and self._boundaries.is_rare(longest):
            self._bands.restart()
            self._collapse.restart()
