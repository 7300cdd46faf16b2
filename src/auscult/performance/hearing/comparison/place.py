"""Skips, repetitions and wow: what the followed delay itself tells."""

from collections.abc import Iterable, Iterator

import numpy as np

from auscult.performance.hearing.comparison.pairs import Pair
from auscult.performance.hearing.figures.blocks import HOPS, STEP_S, Floats
from auscult.performance.hearing.figures.usual import Usual
from auscult.performance.hearing.verdicts import Alarm, Kind, Verdict

RECENT = 40
WOW_MS = 0.12
TURNS = 5
"""How often 4 s of a swing cross their line at least (0.6 Hz); a jump crosses it three times."""
TRUSTED = 0.4
"""Correlation from which a place is believed: the swing itself spoils it within 100 ms."""


class Wow:
    """Hears the place swing: deviation of 4 s of places from their straight line.

    1 % at 1.5 Hz swings by ±1.06 ms; a slow drift of clocks is a straight line and not heard.
    """

    def __init__(self) -> None:
        self._places = np.zeros(0)
        self._usual = Usual(least=6, spread_min=0.02)
        self._alarm = Alarm(Kind.WOW, need_s=2.0)

    @property
    def alarms(self) -> Iterable[Alarm]:
        """What it may have opened."""
        return (self._alarm,)

    def hear(self, pair: Pair, delay: int) -> Iterator[Verdict]:
        """Take in the fit of one block at a followed delay in frames."""
        good = np.nan_to_num(pair.fit.quality) > TRUSTED
        places = np.where(good, delay + pair.fit.off, np.nan)
        self._places = np.concatenate([self._places, places])[-RECENT:]
        swing_ms = swing(self._places) * 1000.0 / pair.block.grid.rate_hz
        if np.isnan(swing_ms):
            return
        bad = None
        if self._usual.is_known:
            limit = max(WOW_MS, 4 * float(self._usual.spread[0]))
            bad = swing_ms > float(self._usual.high[0]) + limit and turns(self._places) >= TURNS
        if self._alarm.feed(pair.block.time_ms(pair.block.start), bad=bad, step_s=STEP_S):
            words = ("ms", f"the pitch wavers: the place swings by {swing_ms:.2f} ms")
            yield pair.say(self._alarm, self._usual.score(swing_ms), swing_ms, words=words)
        if not bad:
            self._usual.learn(swing_ms)

    @property
    def is_open(self) -> bool:
        """Whether the pitch wavers now."""
        return self._alarm.is_open

    def jump(self) -> None:
        """Forget the places before a skip."""
        self._places = np.zeros(0)


def swing(places: Floats) -> float:
    """Return the standard deviation of places from their straight line; nan of fewer than 30.

    One or two places that fit elsewhere do not make a swing: the deviation is that of the middle
    80 %, scaled to a sine's.
    """
    away = _off_line(places)
    if away.size < RECENT - 2 * HOPS:
        return float("nan")
    low, high = np.quantile(away, (0.1, 0.9))
    return float(high - low) / 2.7


def turns(places: Floats) -> int:
    """Return how often places cross their straight line, small steps across it aside."""
    away = _off_line(places)
    clear = away[np.abs(away) > 0.3 * np.abs(away).mean()] if away.size else away
    return int((np.diff(np.sign(clear)) != 0).sum())


def _off_line(places: Floats) -> Floats:
    known = np.flatnonzero(~np.isnan(places))
    if known.size < 3:  # noqa: PLR2004  a line and something off it
        return np.zeros(0)
    at, value = known - known.mean(), places[known] - places[known].mean()
    return np.asarray(value - at * (at @ value) / (at @ at))
