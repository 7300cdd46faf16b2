"""Clipping, read from what becomes of the reference's loudest milliseconds."""

from collections.abc import Iterable, Iterator

import numpy as np

from auscult.performance.hearing.comparison.pairs import Pair
from auscult.performance.hearing.figures.blocks import BINS, STEP_S, Singles, decibels, median
from auscult.performance.hearing.figures.spectrum import band_hz
from auscult.performance.hearing.figures.usual import Usual
from auscult.performance.hearing.listeners.clipping import share_over
from auscult.performance.hearing.verdicts import Alarm, Kind, Verdict

PLACED_MS = 0.2
"""A block that is off by more cannot be set against its source's milliseconds."""

SURE = 0.8
"""So well must every 100 ms fit."""

LOUD, SILENT_DB = 10 ** (-30 / 20), -200.0
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

AT_SCALE_DB, NEED_S, WEAK_S = -1.5, 1.0, 0.25
"""Nearly all that clips does so at full scale: there one block that lacks something is evidence
enough; a ceiling anywhere else must show four times."""

OVER_SHARE, OFTEN = 2e-3, 8.0
CROWDED, LIFTED = 0.8, 2.0
"""Where the source itself stands within 2 dB of full scale, a coder lifts samples over it, though
no more than twice as many."""


class Ceiling:
    """Hears the loudest moments be amplified less than the rest, as by anything that clips.

    A coder leaves the peak of a millisecond nearly as it was (0.1 to 0.3 dB over eight of them,
    also where it smears the flat tops on which clipping is usually recognised), so a stage that
    takes 1 dB off the loudest moments is heard. A limiter that was there always is usual. Sound
    too dense for that is told by its samples at full scale, where those of its source are not.
    """

    def __init__(self) -> None:
        self._usual = Usual(least=6, spread_min=0.05)
        self._treble = Usual(least=6, spread_min=0.2)
        self._over = Usual(least=6, spread_min=OVER_SHARE)
        self._alarm = Alarm(Kind.CLIPPING, need_s=NEED_S, leak=0.2, quiet_s=2.0)
        self._reached = [SILENT_DB]
        self._ceiling_db = SILENT_DB

    @property
    def alarms(self) -> Iterable[Alarm]:
        """What it may have opened."""
        return (self._alarm,)

    def hear(self, pair: Pair) -> Iterator[Verdict]:
        """Take in one pair."""
        deficit, reach_db = self._measure(pair)
        over = share_over(pair.block.samples)
        beyond = self._is_beyond(over, pair.source.samples)
        lacks, step_s = self._judge(deficit, reach_db)
        bad = True if beyond else lacks
        if self._alarm.feed(pair.block.time_ms(pair.block.start), bad=bad, step_s=step_s):
            words = ("dB", f"clipped: its peaks lack {deficit:.1f} dB against its source")
            if not lacks:
                share = 100 * over
                words = ("%", f"clipped: {share:.2g} % of it is at full scale, its source is not")
            measured = deficit if lacks else 100 * over
            score = max(self._usual.score(deficit), self._over.score(over))
            yield pair.say(self._alarm, score, measured, words=words)
        if not bad:
            self._over.learn(over)
            if reach_db > SILENT_DB:
                self._usual.learn(deficit)

    def _is_beyond(self, over: float, source: Singles) -> bool:
        """Whether much is at full scale that neither usually is, nor may come from the source."""
        if not self._over.is_known:
            return False
        crowded = float((np.abs(source) > CROWDED).mean())
        return over > max(OVER_SHARE, OFTEN * float(self._over.high[0]), LIFTED * crowded)

    def _judge(self, deficit: float, reach_db: float) -> tuple[bool | None, float]:
        """Say whether peaks lack something, and how many seconds of evidence that is."""
        wanted_db = reach_db + deficit
        heard_db, self._reached = max(self._reached), [*self._reached[1 - RECENT :], reach_db]
        if not self._usual.is_known or reach_db <= SILENT_DB:
            return None, STEP_S
        limit = max(LEAST_DB, SPREADS * float(self._usual.spread[0]))
        over = deficit - float(self._usual.high[0])
        if self._alarm.since_ms < 0:
            self._ceiling_db = SILENT_DB
        if over <= limit:
            # What stands as high as the ceiling and lacks nothing shows that there is none.
            if self._ceiling_db < reach_db < AT_SCALE_DB and self._ceiling_db > SILENT_DB:
                self._alarm.close()
            return (None if wanted_db < heard_db + REACH_DB else False), STEP_S
        self._ceiling_db = max(self._ceiling_db, reach_db)
        if reach_db <= AT_SCALE_DB:
            return True, WEAK_S
        return True, NEED_S

    def _measure(self, pair: Pair) -> tuple[float, float]:
        """Return by how much the peaks fall short, dB, and how high they reach; (0, -200) of none.

        Beside a skip other sound than the source's stands there, and what loses treble loses it
        from the strokes that have most of it, which are loud ones: then nothing can be said.
        """
        off = pair.fit.off[~np.isnan(pair.fit.off)]
        placed = PLACED_MS * pair.block.grid.hop / BINS
        if not off.size or float(np.abs(off).max()) > placed:
            return 0.0, SILENT_DB
        if float(np.nanmin(pair.fit.quality)) < SURE:
            return 0.0, SILENT_DB
        each = [
            top_deficit_db(mine, its)
            for mine, its in zip(pair.block.peak, pair.source.peak, strict=True)
            if min(float(mine.max()), float(its.max())) > LOUD
        ]
        treble = treble_db(pair)
        if self._treble.is_known and treble < float(self._treble.low[0]) - TREBLE_LOST_DB:
            return 0.0, SILENT_DB
        self._treble.learn(treble)
        return max(each, default=(0.0, SILENT_DB))


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

    heard, source: peaks per bin of 1 ms of one channel, (bins,). Also returned is how high the
    loudest bins reach, dB of full scale. The loudest and the middling ones (4 to 10 dB below:
    noise lifts what is fainter) are those of the source, so that a click in the stream alone is in
    neither. (0, -200) where there are too few of them; a deficit of 0 where the gain is so uneven
    that something else than a ceiling must have made it.
    """
    heard_db, source_db = (decibels(one.astype(np.float64) ** 2) for one in (heard, source))
    top = np.argpartition(source_db, -TOP_BINS)[-TOP_BINS:]
    low, high = (float(source_db[top].mean()) - below for below in BELOW_DB)
    middle = (source_db > low) & (source_db < high)
    if middle.sum() < LEAST_BINS:
        return 0.0, SILENT_DB
    gain = heard_db - source_db
    usual = median(gain[middle])
    deficit = usual - float(gain[top].mean())
    level = float(heard_db[top].mean())
    scatter = 1.4826 * median(np.abs(gain[middle] - usual))
    if scatter > max(SCATTER_DB, SCATTER_SHARE * deficit) or float(gain[top].std()) > max(
        UNEVEN_DB, UNEVEN_SHARE * deficit
    ):
        return 0.0, level
    return deficit, level
