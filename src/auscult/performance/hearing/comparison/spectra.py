"""Lost bandwidth and coarse coding, from 3 s of spectra beside the reference's."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from auscult.performance.hearing.comparison.pairs import Pair
from auscult.performance.hearing.figures.blocks import STEP_S, Floats, Grid, decibels, median
from auscult.performance.hearing.figures.spectrum import band_hz
from auscult.performance.hearing.figures.usual import Usual
from auscult.performance.hearing.verdicts import Alarm, Kind, Verdict

RING = 6
HEARD_DB = -80.0
CARRIED_DB, LOST_DB = -10.0, 10.0
LEAST_HZ, HEARD_MAX_HZ = 1_500.0, 16_000.0
"""Coders give up what lies above 15 kHz as they please, and hardly anybody hears it go: an edge
must lie 1.5 kHz below the second figure."""

LOST_SHARE = 0.9
HOLE_RATIO, HOLE_RISE = 10 ** (45 / 10), 0.06
HOLE_POWER_MIN = 10 ** ((HEARD_DB - 10) / 10)


class Carried:
    """Compares what each band of 250 Hz carries with what the reference gives it."""

    def __init__(self, grid: Grid) -> None:
        self._hz = band_hz(grid)
        width = len(self._hz)
        self._ring: list[tuple[Floats, Floats]] = []
        self._gain = Usual(width, least=6)
        self._holes = Usual(least=6, spread_min=0.015)
        self._alarms = {
            kind: Alarm(kind, need_s=need_s)
            for kind, need_s in ((Kind.BANDWIDTH, 3.0), (Kind.TRANSCODE, 3.0))
        }

    @property
    def alarms(self) -> Iterable[Alarm]:
        """What it may have opened."""
        return self._alarms.values()

    @property
    def explains_peaks(self) -> bool:
        """Whether treble is missing, or may be about to be."""
        return self._alarms[Kind.BANDWIDTH].since_ms >= 0

    def hear(self, pair: Pair) -> Iterator[Verdict]:
        """Take in one pair; faint passages are left out."""
        if min(pair.block.level_db, pair.source.level_db) < -50.0:  # noqa: PLR2004 a faint passage
            return
        both = (pair.spectra.power.mean(axis=0), pair.source_spectra.power.mean(axis=0))
        self._ring = [*self._ring[1 - RING :], both]
        if len(self._ring) < RING:
            return
        heard = np.concatenate([one for one, _ in self._ring])
        source = np.concatenate([one for _, one in self._ring])
        sounds = decibels(source.mean(axis=0)) > HEARD_DB
        gain = decibels(heard.mean(axis=0)) - decibels(source.mean(axis=0))
        gain = np.where(sounds, np.clip(gain, -60.0, 30.0), np.nan)
        holes = count_holes(heard, source, sounds & (self._hz > 2_000) & (self._hz < 12_000))  # noqa: PLR2004 the range of holes
        yield from self._judge(pair, gain, holes)

    def _judge(self, pair: Pair, gain: Floats, holes: float) -> Iterator[Verdict]:
        bad: dict[Kind, bool | None] = dict.fromkeys(self._alarms)
        edge_hz = 0.0
        if self._gain.is_known:
            edge_hz = find_loss(self._hz, gain, usual=self._gain.low)
            more = holes - float(self._holes.high[0])
            bad[Kind.BANDWIDTH] = edge_hz > 0
            bad[Kind.TRANSCODE] = not edge_hz and more > max(
                HOLE_RISE, 3 * float(self._holes.spread[0])
            )
        at_ms = pair.block.time_ms(pair.block.start)
        told = {
            Kind.BANDWIDTH: (
                edge_hz,
                "Hz",
                f"nothing of its source is left above {edge_hz:.0f} Hz",
            ),
            Kind.TRANSCODE: (100 * holes, "%", "holes in the spectrum that its source has not"),
        }
        lost = ~np.isnan(gain) & (self._hz > edge_hz)
        scores = {
            Kind.BANDWIDTH: self._gain.scores(gain)[lost],
            Kind.TRANSCODE: self._holes.scores(np.array([holes])),
        }
        for kind, (measured, unit, sentence) in told.items():
            if self._alarms[kind].feed(at_ms, bad=bad[kind], step_s=STEP_S):
                # Bands go together: the score is that of the middle one of those that show it.
                score = median(scores[kind]) if scores[kind].size else 0.0
                verdict = pair.say(self._alarms[kind], score, measured, words=(unit, sentence))
                # Nearly all of the last 3 s had to be so before there was evidence.
                early_ms = round(1000 * STEP_S * (RING - 1))
                yield replace(verdict, since_ms=verdict.since_ms - early_ms)
        if not any(bad.values()):
            usual = self._gain.level if self._gain.is_known else np.zeros(len(gain))
            self._gain.learn(np.where(np.isnan(gain), usual, gain))
            self._holes.learn(holes)


def find_loss(hz: Floats, gain: Floats, *, usual: Floats) -> float:
    """Return above which frequency what is usually carried is lost, Hz; 0 where nothing is.

    gain: dB of each band against the reference, nan where that one is silent. usual: its usual
    tenth percentile. Lost is what lies 10 dB lower than usual in nine of ten bands above an edge.
    """
    known = np.flatnonzero(~np.isnan(gain) & (usual > CARRIED_DB) & (hz >= LEAST_HZ))
    if known.size < 4:  # noqa: PLR2004  no bands to speak of
        return 0.0
    middle = median((gain - usual)[known[: max(2, known.size // 4)]])
    lost = (gain - usual)[known] - min(middle, 0.0) < -LOST_DB
    share = np.cumsum(lost[::-1])[::-1] / np.arange(known.size, 0, -1)
    fits = np.flatnonzero((share >= LOST_SHARE) & lost)
    if not fits.size:
        return 0.0
    edge, top = float(hz[known[fits[0]]]), float(hz[known[-1]])
    return edge if min(top, HEARD_MAX_HZ) - edge >= max(LEAST_HZ, 0.07 * top) else 0.0


def count_holes(heard: Floats, source: Floats, bands: NDArray[np.bool_]) -> float:
    """Return the share of cells (frame, band) that are 45 dB below what the reference has there."""
    if not bands.any():
        return 0.0
    there = source[:, bands]
    sounds = there > HOLE_POWER_MIN
    lacking = there > HOLE_RATIO * heard[:, bands]
    return float(lacking[sounds].mean()) if sounds.any() else 0.0
