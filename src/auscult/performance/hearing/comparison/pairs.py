"""What is heard of a block beside the same block of its reference."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auscult.performance.hearing.comparison.alignment import Fit
from auscult.performance.hearing.figures.blocks import (
    BINS,
    HOPS,
    STEP_S,
    Block,
    Floats,
    Singles,
    decibels,
)
from auscult.performance.hearing.figures.spectrum import Spectra
from auscult.performance.hearing.figures.usual import Usual
from auscult.performance.hearing.listeners.clipping import crowding, steady_top
from auscult.performance.hearing.listeners.stereo import side_level
from auscult.performance.hearing.verdicts import SCORE_MAX, Alarm, Kind, Verdict

SILENT_PEAK = 10 ** (-60 / 20)
LOUD_PEAK = 10 ** (-45 / 20)
SILENCE_S, BACK_S = 1.0, 0.3
DIP = 0.1
GAP_BINS = 4
FAINT_DB = -55.0
PLACED = 1.5
"""Frames by which a block may be off before its samples cannot be set against the source's."""
CHANNEL_LOST_DB = 20.0


@dataclass(frozen=True, slots=True)
class Pair:
    """A block of the stream, the block of the reference it was made of, and their fit."""

    block: Block
    spectra: Spectra
    source: Block
    source_spectra: Spectra
    fit: Fit

    @property
    def gain_db(self) -> Floats:
        """Level of each channel against the reference, dB; nan where that one is faint."""
        source = self.source.power.mean(axis=1)
        gain = decibels(self.block.power.mean(axis=1)) - decibels(source)
        return np.where(decibels(source) > FAINT_DB, np.maximum(gain, -90.0), np.nan)

    def say(
        self, alarm: Alarm, score: float | None, measured: float, *, words: tuple[str, str]
    ) -> Verdict:
        """Return the verdict of an alarm that opened with this block; words: unit, sentence."""
        return Verdict(
            kind=alarm.kind,
            since_ms=alarm.since_ms,
            said_ms=self.block.time_ms(self.block.start + self.block.grid.size),
            score=None if score is None else min(SCORE_MAX, score),
            measured=round(measured, 2),
            unit=words[0],
            sentence=words[1],
        )


class Absence:
    """Silence and gaps that the reference does not have."""

    def __init__(self) -> None:
        self._silence = Alarm(Kind.SILENCE, need_s=SILENCE_S, quiet_s=BACK_S)
        self._gap = Alarm(Kind.GAP, need_s=0.0)
        self._run = 0

    @property
    def alarms(self) -> Iterable[Alarm]:
        """What it may have opened."""
        return (self._silence, self._gap)

    def hear(self, pair: Pair) -> Iterator[Verdict]:
        """Take in one pair."""
        block, source = pair.block, pair.source
        hop_s, was_silent = STEP_S / HOPS, self._silence.is_open
        for hop in range(HOPS):
            bins = slice(hop * BINS, (hop + 1) * BINS)
            sounds = float(source.peak[:, bins].max()) > LOUD_PEAK
            silent = float(block.peak[:, bins].max()) < SILENT_PEAK
            at_ms = block.time_ms(block.start + hop * block.grid.hop)
            bad = silent if sounds else None
            if self._silence.feed(at_ms, bad=bad, step_s=hop_s):
                words = ("s", "silent, while its source plays on")
                yield pair.say(self._silence, None, SILENCE_S, words=words)
        # Misplaced by a millisecond, every stroke would leave a gap beside it.
        off = pair.fit.off[~np.isnan(pair.fit.off)]
        if was_silent or self._silence.is_open:
            self._run = 0
        elif off.size and float(np.abs(off).max()) < pair.block.grid.hop / BINS:
            yield from self._find_gap(pair)

    @property
    def is_open(self) -> bool:
        """Whether something is missing, or may be about to be."""
        return self._silence.since_ms >= 0

    def _find_gap(self, pair: Pair) -> Iterator[Verdict]:
        missing = _missing(pair, was_missing=self._run > 0)
        edges = np.flatnonzero(np.diff(np.concatenate([[False], missing, [False]]).astype(np.int8)))
        heard = False
        for begin, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
            length = end - begin + (self._run if begin == 0 else 0)
            if length < GAP_BINS or end == len(missing) or length > 1000 * SILENCE_S:
                continue
            heard = True
            first = pair.block.start + (end - length) * pair.block.grid.hop / BINS
            if self._gap.feed(pair.block.time_ms(first), bad=True, step_s=STEP_S):
                words = ("ms", f"the sound was gone for {length} ms, while its source plays on")
                yield pair.say(self._gap, None, float(length), words=words)
        self._run = 0
        if missing[-1]:
            begin = int(edges[-2])
            self._run = len(missing) - begin + (self._run if begin == 0 else 0)
        if not heard:
            self._gap.feed(0, bad=False, step_s=STEP_S)


def _missing(pair: Pair, *, was_missing: bool) -> NDArray[np.bool_]:
    """Say for each bin of 1 ms whether what the reference has is missing in some channel."""
    source, heard = pair.source.peak, pair.block.peak
    padded = np.pad(source, ((0, 0), (1, 1)), mode="edge")
    least = np.minimum(np.minimum(padded[:, :-2], padded[:, 1:-1]), padded[:, 2:])
    gain = heard.mean(axis=1) / np.maximum(source.mean(axis=1), 1e-9)
    sounds = (least > LOUD_PEAK) & (gain[:, None] > DIP)
    missing = sounds & (heard < DIP * gain[:, None] * least)
    # Where the source itself is quiet nothing has come back: what was so before goes on.
    known = np.where(sounds, np.arange(sounds.shape[1]), -1)
    last = np.maximum.accumulate(known, axis=1)
    filled = np.take_along_axis(missing, np.maximum(last, 0), axis=1)
    return np.asarray(np.where(last >= 0, filled, was_missing & (gain[:, None] > DIP)).any(axis=0))


class Levels:
    """Loudness, lost and turned channels, collapse to mono, against the reference."""

    def __init__(self) -> None:
        self._gain = Usual(least=6, spread_min=0.3)
        self._side = Usual(least=6, spread_min=1.0)
        self._loudness = Alarm(Kind.LOUDNESS, need_s=3.0)
        self._lost = Alarm(Kind.CHANNEL_LOSS, need_s=1.0)
        self._turned = Alarm(Kind.POLARITY, need_s=1.0)
        self._collapse = Alarm(Kind.MONO_COLLAPSE, need_s=2.0)

    @property
    def alarms(self) -> Iterable[Alarm]:
        """What it may have opened."""
        return (self._loudness, self._lost, self._turned, self._collapse)

    def hear(self, pair: Pair) -> Iterator[Verdict]:
        """Take in one pair."""
        at_ms = pair.block.time_ms(pair.block.start)
        gain = pair.gain_db
        if np.isnan(gain).all():
            return
        best = float(np.nanmax(gain))
        below = gain - best
        lost = bool((below[~np.isnan(below)] < -CHANNEL_LOST_DB).any())
        if self._lost.feed(at_ms, bad=lost, step_s=STEP_S):
            worst = float(np.nanmin(below))
            words = ("dB", f"one channel lies {-worst:.0f} dB lower than in its source")
            yield pair.say(self._lost, None, worst, words=words)
        signs = pair.fit.signs.sum(axis=1)
        turned = bool((signs <= -3).any()) if np.abs(signs).max() >= 3 else None  # noqa: PLR2004  of 5 hops
        if self._turned.feed(at_ms, bad=turned, step_s=STEP_S):
            words = ("", "the polarity of a channel is turned against its source")
            yield pair.say(self._turned, None, -1.0, words=words)
        yield from self._hear_loudness(pair, best, at_ms)
        yield from self._hear_side(pair, lost, at_ms)

    @property
    def explains_peaks(self) -> bool:
        """Whether a channel or the difference of both is missing, or may be about to be."""
        return self._lost.since_ms >= 0 or self._collapse.since_ms >= 0

    def _hear_loudness(self, pair: Pair, gain_db: float, at_ms: int) -> Iterator[Verdict]:
        known = self._gain.is_known
        away = gain_db - float(self._gain.level[0]) if known else 0.0
        limit = max(3.0, 5.0 * float(self._gain.spread[0]))
        bad = abs(away) > limit if known and gain_db > -60.0 else None  # noqa: PLR2004  silence is another matter
        if self._loudness.feed(at_ms, bad=bad, step_s=STEP_S):
            side = "louder" if away > 0 else "quieter"
            words = ("LU", f"{abs(away):.1f} LU {side} against its source than usual")
            yield pair.say(self._loudness, self._gain.score(gain_db), away, words=words)
        if bad is False or not known:
            self._gain.learn(gain_db)

    def _hear_side(self, pair: Pair, lost: bool, at_ms: int) -> Iterator[Verdict]:  # noqa: FBT001  a fact of the block
        if pair.block.grid.channels != 2 or lost:  # noqa: PLR2004  stereo
            return
        source = side_level(pair.source.samples.astype(np.float64))
        if source < -35.0:  # noqa: PLR2004  as good as mono itself
            return
        less = side_level(pair.block.samples.astype(np.float64)) - source
        known = self._side.is_known
        bad = less < min(-12.0, float(self._side.low[0]) - 10.0) if known else None
        if self._collapse.feed(at_ms, bad=bad, step_s=STEP_S):
            words = (
                "dB",
                f"the difference of left and right is {-less:.0f} dB less than its source's",
            )
            yield pair.say(self._collapse, self._side.score(less), less, words=words)
        if not bad:
            self._side.learn(less)


class Crowding:
    """Clipping: samples crowd below the peak, where those of the reference do not."""

    def __init__(self) -> None:
        self._usual = Usual(least=6, spread_min=0.05)
        self._alarm = Alarm(Kind.CLIPPING, need_s=1.0)
        self._loudest = 0.0

    @property
    def alarms(self) -> Iterable[Alarm]:
        """What it may have opened."""
        return (self._alarm,)

    def hear(self, pair: Pair) -> Iterator[Verdict]:
        """Take in one pair; only blocks near the loudest of late can tell."""
        top, source_top = steady_top(pair.block.peak), steady_top(pair.source.peak)
        self._loudest = max(0.97 * self._loudest, source_top)
        if min(top, source_top) < 10 ** (-30 / 20):
            return
        more = crowding(pair.block.samples, top) - crowding(pair.source.samples, source_top)
        deficit = 0.0
        off = pair.fit.off[~np.isnan(pair.fit.off)]
        if off.size and float(np.abs(off).max()) < PLACED:
            deficit = peak_deficit_db(pair.block.samples, pair.source.samples, source_top)
        value = max(more, 0.0) + max(deficit, 0.0)
        bad: bool | None = None
        if self._usual.is_known:
            usual = float(self._usual.high[0])
            bad = value > usual + max(0.35, 3 * float(self._usual.spread[0]))
            if not bad and source_top < 0.7 * self._loudest:
                bad = None
        if self._alarm.feed(pair.block.time_ms(pair.block.start), bad=bad, step_s=STEP_S):
            words = ("dB", f"clipped: peaks lack {max(deficit, 0.0):.1f} dB against its source")
            yield pair.say(self._alarm, self._usual.score(value), deficit, words=words)
        if not bad:
            self._usual.learn(value)


def peak_deficit_db(heard: Singles, source: Singles, top: float) -> float:
    """Return by how much less the greatest samples are amplified than all samples, dB.

    Regression of the stream's samples on the reference's at the places where that one is above
    0.7 of its peak, against the same of all places: what is clipped loses at the top alone.
    """
    size = np.abs(source)
    at_top = _gain(heard, source, size > 0.7 * top)
    usual = _gain(heard, source, size < 0.4 * top)
    if min(at_top, usual) <= 1e-4:  # noqa: PLR2004  nothing to compare
        return 0.0
    return float(20 * np.log10(usual / at_top))


def _gain(heard: Singles, source: Singles, places: NDArray[np.bool_]) -> float:
    """Regress at some places, each channel by itself, so that a turned one does not cancel."""
    s = np.where(places, source, 0).astype(np.float64)
    cross = np.abs(np.einsum("ij,ij->i", s, heard.astype(np.float64))).sum()
    return float(cross / max(float((s * s).sum()), 1e-12))
