"""Clipping, read from what becomes of the reference's loudest milliseconds."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from auscult.performance.hearing.comparison.pairs import Pair
from auscult.performance.hearing.figures.blocks import (
    BINS,
    STEP_S,
    Floats,
    Singles,
    decibels,
    median,
)
from auscult.performance.hearing.figures.spectrum import band_hz
from auscult.performance.hearing.figures.usual import Usual
from auscult.performance.hearing.verdicts import Alarm, Kind, Verdict

PLACED_MS = 0.2
"""A block that is off by more cannot be set against its source's milliseconds."""

SURE = 0.8
"""So well must every 100 ms fit."""

LOUD, SILENT_DB = 10 ** (-30 / 20), -200.0
NOTHING = (0.0, SILENT_DB, 0.0)
TREBLE_HZ, TREBLE_LOST_DB = 6_000.0, 1.0
TOP_BINS = 8
BELOW_DB, LEAST_BINS = (10.0, 4.0), 8
LEAST_DB, SPREADS = 0.35, 3.0
SCATTER_DB, SCATTER_SHARE = 0.4, 0.25
UNEVEN_DB, UNEVEN_SHARE = 1.0, 0.6
"""What clips takes from loud strokes alone, and from each about what stands out. What takes their
treble, or adds noise, takes from some and not from others, and from the middling ones too."""

REACH_DB, RECENT = -1.0, 6
"""A block that stays 1 dB below what the last 3 s reached cannot tell that nothing clips."""

NEED_S, WEAK_S = 1.0, 0.25
"""Peaks that lack something must show four times."""

AT_SCALE_DB, BEYOND_DB = -1.5, 0.5
"""A coder misses the peak of a millisecond by some tenths, and a sound gain carries none beyond
full scale: one that should stand half a dB beyond, and stands at full scale, was cut off there."""


class Ceiling:
    """Hears the loudest moments be amplified less than the rest, as by anything that clips.

    A coder leaves the peak of a millisecond nearly as it was (0.1 to 0.3 dB over eight of them,
    also where it smears the flat tops on which clipping is usually recognised), so a stage that
    takes 1 dB off the loudest moments is heard. A limiter that was there always is usual. Nearly
    all that clips does so at full scale: there a single millisecond is enough, if by the gain of
    the rest it should stand beyond.
    """

    def __init__(self) -> None:
        self._usual = Usual(least=6, spread_min=0.05)
        self._treble = Usual(least=6, spread_min=0.2)
        self._beyond = Usual(least=6, spread_min=0.1)
        self._alarm = Alarm(Kind.CLIPPING, need_s=NEED_S, leak=0.2, quiet_s=2.0)
        self._reached = [SILENT_DB]
        self._ceiling_db = SILENT_DB

    @property
    def alarms(self) -> Iterable[Alarm]:
        """What it may have opened."""
        return (self._alarm,)

    def hear(self, pair: Pair) -> Iterator[Verdict]:
        """Take in one pair."""
        deficit, reach_db, beyond = self._measure(pair)
        cut = self._beyond.is_known and beyond > self._limit(self._beyond, BEYOND_DB)
        bad = True if cut else self._judge(deficit, reach_db)
        step_s = STEP_S if not bad else NEED_S if cut else WEAK_S
        if self._alarm.feed(pair.block.time_ms(pair.block.start), bad=bad, step_s=step_s):
            lacks = max(deficit, beyond)
            words = ("dB", f"clipped: its peaks lack {lacks:.1f} dB against its source")
            score = max(self._usual.score(deficit), self._beyond.score(beyond))
            yield pair.say(self._alarm, score, lacks, words=words)
        if not bad and reach_db > SILENT_DB:
            self._usual.learn(deficit)
            self._beyond.learn(beyond)

    def _judge(self, deficit: float, reach_db: float) -> bool | None:
        """Say whether the peaks lack something that they usually have."""
        wanted_db = reach_db + deficit
        heard_db, self._reached = max(self._reached), [*self._reached[1 - RECENT :], reach_db]
        if not self._usual.is_known or reach_db <= SILENT_DB:
            return None
        if self._alarm.since_ms < 0:
            self._ceiling_db = SILENT_DB
        if deficit <= self._limit(self._usual, LEAST_DB):
            # What stands as high as the ceiling and lacks nothing shows that there is none.
            if self._ceiling_db < reach_db < AT_SCALE_DB and self._ceiling_db > SILENT_DB:
                self._alarm.close()
            return None if wanted_db < heard_db + REACH_DB else False
        self._ceiling_db = max(self._ceiling_db, reach_db)
        return True

    @staticmethod
    def _limit(usual: Usual, least_db: float) -> float:
        return float(usual.high[0]) + max(least_db, SPREADS * float(usual.spread[0]))

    def _measure(self, pair: Pair) -> tuple[float, float, float]:
        """Return by how much the peaks fall short, how high they reach, and how far beyond scale.

        All in dB; (0, -200, 0) of none: beside a skip other sound than the source's stands there.
        What loses treble loses it from the strokes that have most of it, which are loud ones: then
        nothing can be said of a ceiling anywhere.
        """
        off = pair.fit.off[~np.isnan(pair.fit.off)]
        placed = PLACED_MS * pair.block.grid.hop / BINS
        if not off.size or float(np.abs(off).max()) > placed:
            return NOTHING
        if float(np.nanmin(pair.fit.quality)) < SURE:
            return NOTHING
        channels = [
            Peaks.of(mine, its)
            for mine, its in zip(pair.block.peak, pair.source.peak, strict=True)
            if min(float(mine.max()), float(its.max())) > LOUD
        ]
        peaks = [one for one in channels if one]
        beyond = max((one.beyond_db() for one in peaks), default=0.0)
        treble = treble_db(pair)
        if self._treble.is_known and treble < float(self._treble.low[0]) - TREBLE_LOST_DB:
            return 0.0, SILENT_DB, beyond
        self._treble.learn(treble)
        return *max((one.deficit_db() for one in peaks), default=NOTHING[:2]), beyond


def treble_db(pair: Pair) -> float:
    """Return the gain above 6 kHz against that of everything; clipping adds there, and takes none.

    What loses treble loses it from the strokes that have most of it, which are loud ones.
    """
    high = band_hz(pair.block.grid) >= TREBLE_HZ
    heard, source = pair.spectra.mean, pair.source_spectra.mean
    of_treble = decibels(float(heard[high].sum())) - decibels(float(source[high].sum()))
    return float(of_treble - decibels(float(heard.sum())) + decibels(float(source.sum())))


@dataclass(frozen=True, slots=True)
class Peaks:
    """One channel's peaks per millisecond beside those of its source, dB of full scale.

    The loudest and the middling ones (4 to 10 dB below: noise lifts what is fainter) are those of
    the source, so that a click in the stream alone is in neither.
    """

    heard: Floats
    gain: Floats
    top: NDArray[np.intp]
    middle: NDArray[np.bool_]

    @classmethod
    def of(cls, heard: Singles, source: Singles) -> Self | None:
        """Return them of peaks per bin, (bins,); None where too few are middling."""
        heard_db, source_db = (decibels(one.astype(np.float64) ** 2) for one in (heard, source))
        top = np.argpartition(source_db, -TOP_BINS)[-TOP_BINS:]
        low, high = (float(source_db[top].mean()) - below for below in BELOW_DB)
        middle = (source_db > low) & (source_db < high)
        if middle.sum() < LEAST_BINS:
            return None
        return cls(heard_db, heard_db - source_db, top, middle)

    def deficit_db(self) -> tuple[float, float]:
        """Return how much less the loudest bins are amplified than the middling, and their level.

        A deficit of 0 where the gain is so uneven that something else than a ceiling made it.
        """
        usual = median(self.gain[self.middle])
        deficit = usual - float(self.gain[self.top].mean())
        scatter = 1.4826 * median(np.abs(self.gain[self.middle] - usual))
        is_uneven = float(self.gain[self.top].std()) > max(UNEVEN_DB, UNEVEN_SHARE * deficit)
        if is_uneven or scatter > max(SCATTER_DB, SCATTER_SHARE * deficit):
            deficit = 0.0
        return deficit, float(self.heard[self.top].mean())

    def beyond_db(self) -> float:
        """Return how far beyond full scale a bin should stand that stands at it; 0 of none.

        Where it should stand follows from the gain of the middling bins; no more is returned than
        it lacks of that.
        """
        wanted = self.heard - self.gain + median(self.gain[self.middle])
        cut = np.minimum(wanted, wanted - self.heard)[self.heard > AT_SCALE_DB]
        return max(0.0, float(cut.max(initial=0.0)))
