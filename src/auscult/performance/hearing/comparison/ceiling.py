"""Clipping, read from what becomes of the reference's loudest milliseconds."""

from collections.abc import Iterable, Iterator

import numpy as np

from auscult.performance.hearing.comparison.pairs import Pair
from auscult.performance.hearing.figures.blocks import BINS, STEP_S, Singles, decibels
from auscult.performance.hearing.figures.spectrum import band_hz
from auscult.performance.hearing.figures.usual import Usual
from auscult.performance.hearing.verdicts import Alarm, Kind, Verdict

PLACED_MS = 0.2
"""A block that is off by more cannot be set against its source's milliseconds."""

SURE = 0.8
"""So well must every 100 ms fit: beside a skip, other sound than the source's stands there."""

LOUD = 10 ** (-30 / 20)
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


class Ceiling:
    """Hears the loudest moments be amplified less than the rest, as by anything that clips.

    A coder leaves the peak of a millisecond nearly as it was (0.1 to 0.3 dB over eight of them,
    also where it smears the flat tops on which clipping is usually recognised), so a stage that
    takes 1 dB off the loudest moments is heard. A limiter that was there always is usual.
    """

    def __init__(self) -> None:
        self._usual = Usual(least=6, spread_min=0.05)
        self._treble = Usual(least=6, spread_min=0.2)
        self._alarm = Alarm(Kind.CLIPPING, need_s=1.0, leak=0.2, quiet_s=2.0)
        self._reached = [-200.0]

    @property
    def alarms(self) -> Iterable[Alarm]:
        """What it may have opened."""
        return (self._alarm,)

    def hear(self, pair: Pair) -> Iterator[Verdict]:
        """Take in one pair."""
        off = pair.fit.off[~np.isnan(pair.fit.off)]
        placed = PLACED_MS * pair.block.grid.hop / BINS
        if not off.size or float(np.abs(off).max()) > placed:
            return
        if float(np.nanmin(pair.fit.quality)) < SURE:
            return
        each = [
            top_deficit_db(mine, its)
            for mine, its in zip(pair.block.peak, pair.source.peak, strict=True)
            if min(float(mine.max()), float(its.max())) > LOUD
        ]
        if not each:
            return
        deficit, wanted_db = max(each)
        treble = treble_db(pair)
        if self._treble.is_known and treble < float(self._treble.low[0]) - TREBLE_LOST_DB:
            return
        self._treble.learn(treble)
        bad: bool | None = None
        if self._usual.is_known:
            limit = max(LEAST_DB, SPREADS * float(self._usual.spread[0]))
            bad = deficit > float(self._usual.high[0]) + limit
            if not bad and wanted_db < max(self._reached) + REACH_DB:
                bad = None
        self._reached = [*self._reached[1 - RECENT :], wanted_db - deficit]
        if self._alarm.feed(pair.block.time_ms(pair.block.start), bad=bad, step_s=STEP_S):
            words = ("dB", f"clipped: its peaks lack {deficit:.1f} dB against its source")
            yield pair.say(self._alarm, self._usual.score(deficit), deficit, words=words)
        if not bad:
            self._usual.learn(deficit)


def treble_db(pair: Pair) -> float:
    """Return the gain above 6 kHz against that of everything; clipping adds there, and takes none.

    What loses treble loses it from the strokes that have most of it, which are loud ones.
    """
    high = band_hz(pair.block.grid) >= TREBLE_HZ
    heard, source = pair.spectra.mean, pair.source_spectra.mean
    of_treble = decibels(float(heard[high].sum())) - decibels(float(source[high].sum()))
    return float(of_treble - decibels(float(heard.sum())) + decibels(float(source.sum())))


def top_deficit_db(heard: Singles, source: Singles) -> tuple[float, float]:
    """Return how much less the loudest bins are amplified than the middling ones, in dB.

    heard, source: peaks per bin of 1 ms of one channel, (bins,). Also returned is the level that
    the loudest bins would have without that. The loudest and the middling ones (4 to 10 dB below:
    noise lifts what is fainter) are those of the source, so that a click in the stream alone is in
    neither. (0, -200) where there are too few of them; a deficit of 0 where the gain is so uneven
    that something else than a ceiling must have made it.
    """
    heard_db, source_db = (decibels(one.astype(np.float64) ** 2) for one in (heard, source))
    top = np.argpartition(source_db, -TOP_BINS)[-TOP_BINS:]
    low, high = (float(source_db[top].mean()) - below for below in BELOW_DB)
    middle = (source_db > low) & (source_db < high)
    if middle.sum() < LEAST_BINS:
        return 0.0, -200.0
    gain = heard_db - source_db
    deficit = float(np.median(gain[middle]) - gain[top].mean())
    level = float(heard_db[top].mean())
    scatter = 1.4826 * float(np.median(np.abs(gain[middle] - np.median(gain[middle]))))
    if scatter > max(SCATTER_DB, SCATTER_SHARE * deficit) or float(gain[top].std()) > max(
        UNEVEN_DB, UNEVEN_SHARE * deficit
    ):
        return 0.0, level
    return deficit, level + deficit
