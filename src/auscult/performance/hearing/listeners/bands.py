"""Bandwidth, noise floor and traces of coarse coding, all read from 4 s of short-time spectra."""

from collections import deque
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from auscult.performance.hearing.figures.blocks import STEP_S, Block, Floats, Grid, decibels
from auscult.performance.hearing.figures.spectrum import Spectra, band_hz, frame_length
from auscult.performance.hearing.figures.usual import Usual
from auscult.performance.hearing.verdicts import Alarm, Kind, Verdict

RING, EVERY = 8, 2
ACTIVE_DB = -50.0
AUDIBLE_DB = -85.0
LEAST_HZ, HEARD_MAX_HZ = 1_500.0, 16_000.0
LOST_DB, EDGE_DB, KEPT_DB = 12.0, 20.0, 6.0
LOST_SHARE = 0.9
EDGE_RATIO = 1.3
RISE_DB, STEADY_DB = 3.0, 2.0
NOISE_SHARE = 0.35
HOLE_DB = 45.0
HOLE_RISE = 0.08

PAST = 24
CLEAR_DB, SHOWN_DB, MOST = 4.0, 6.0, 0.5
"""Noise in a cell scatters by 1.2 to 1.7 dB around 2 dB above its tenth percentile: 4 dB below that
there was none yet, and up to 6 dB above nothing else is heard."""

BUSY_S, BUSY = 1.0, 0.25
"""Treble that goes at once was there in so many frames of the last second. What is heard now and
then only, as of a voice, does not tell when it was taken away."""


class Bands:
    """Keeps the spectra of the last 4 s and asks three questions of them.

    * Bandwidth: are all bands above an edge gone that usually sound, while those below are kept?
    * Noise: did the quietest moments of many bands rise to one steady level?
    * Transcode: are there more holes (cells 45 dB below their band) than usual, as a coder leaves
      which has no bits for them?
    """

    def __init__(self, grid: Grid) -> None:
        self._hz = band_hz(grid)
        self._ring: list[Floats] = []
        self._past: deque[tuple[float, Floats]] = deque(maxlen=PAST)
        self._frame_ms = 1000.0 * frame_length(grid.rate_hz) / grid.rate_hz
        self._turn = 0
        self.began_ms: dict[Kind, tuple[float, float]] = {}
        """Of what was told last, where it is known: when it was not so yet, and when it was, ms."""
        self._edge_hz = 0.0
        width = len(self._hz)
        self._tops = Usual(width, least=5)
        self._floors = Usual(width, least=5)
        self._holes = Usual(least=5, spread_min=0.02)
        self._alarms = {
            Kind.BANDWIDTH: Alarm(Kind.BANDWIDTH, need_s=4.0),
            Kind.NOISE: Alarm(Kind.NOISE, need_s=4.0),
            Kind.TRANSCODE: Alarm(Kind.TRANSCODE, need_s=4.0),
        }

    @property
    def alarms(self) -> Iterable[Alarm]:
        """What it may have opened."""
        return self._alarms.values()

    def hear(self, block: Block, spectra: Spectra) -> Iterator[Verdict]:
        """Take in one block; passages below −50 dB say nothing about bands and are left out."""
        if block.level_db < ACTIVE_DB:
            return
        self._ring = [*self._ring[1 - RING :], decibels(spectra.power.mean(axis=0))]
        self._past.append((block.at_ms, self._ring[-1]))
        # 4 s of spectra hardly change in half a second: asked once a second, they cost half.
        self._turn = (self._turn + 1) % EVERY
        if len(self._ring) < RING or self._turn:
            return
        frames = np.concatenate(self._ring)
        tops = np.stack([one.max(axis=0) for one in self._ring]).max(axis=0)
        tenth, quarter = _quantiles(frames)
        holes = self._count_holes(frames, tops)
        found = self._judge(tops, (tenth, quarter), holes)
        for kind, (bad, measured, score) in found.items():
            if self._alarms[kind].feed(block.time_ms(block.start), bad=bad, step_s=EVERY * STEP_S):
                self._find_beginning(kind, tops, (tenth, quarter))
                yield self._say(kind, block, (measured, score))
        if not any(bad for bad, _, _ in found.values()):
            self._learn(tops, tenth, holes)

    def restart(self) -> None:
        """Learn anew: another programme may have begun."""
        if not any(alarm.is_open for alarm in self._alarms.values()):
            self._ring = []
            for usual in (self._tops, self._floors, self._holes):
                usual.forget()

    def _learn(self, tops: Floats, floors: Floats, holes: float) -> None:
        if not any(alarm.is_open for alarm in self._alarms.values()):
            self._tops.learn(tops)
            self._floors.learn(floors)
            self._holes.learn(holes)

    def _judge(
        self, tops: Floats, levels: tuple[Floats, Floats], holes: float
    ) -> dict[Kind, tuple[bool | None, float, float]]:
        if not self._tops.is_known:
            return dict.fromkeys(self._alarms, (None, 0.0, 0.0))
        edge = self._find_edge(tops)
        tenth, quarter = levels
        heard = (self._hz >= LEAST_HZ) & (self._tops.level > AUDIBLE_DB)
        steady = self._find_steady(tenth, quarter)
        share = float(steady[heard].mean()) if heard.any() else 0.0
        more = holes - float(self._holes.high[0])
        # Bands go together: the score is that of the middle one of those that show it.
        gone = heard & (self._hz > (edge or np.inf))
        return {
            Kind.BANDWIDTH: (edge is not None, edge or 0.0, _middle(self._tops.scores(tops), gone)),
            Kind.NOISE: (
                share > NOISE_SHARE,
                _middle(tenth, steady),
                _middle(self._floors.scores(tenth), steady & heard),
            ),
            Kind.TRANSCODE: (
                edge is None and more > max(HOLE_RISE, 3 * float(self._holes.spread[0])),
                100 * holes,
                self._holes.score(holes),
            ),
        }

    def _find_edge(self, tops: Floats) -> float | None:
        """Return where the spectrum ends, Hz; what made an edge plain once need not go on to."""
        edge = find_edge(self._hz, tops, usual=(self._tops.level, self._tops.low))
        if edge is None and self._alarms[Kind.BANDWIDTH].since_ms >= 0:
            lost = (self._tops.low - tops > LOST_DB)[self._find_beyond(self._edge_hz)]
            edge = self._edge_hz if lost.size and lost.mean() >= LOST_SHARE else None
        self._edge_hz = edge or self._edge_hz
        return edge

    def _find_beyond(self, edge_hz: float) -> NDArray[np.bool_]:
        """Return which bands are clearly above an edge and usually heard."""
        return np.asarray((self._hz > EDGE_RATIO * edge_hz) & (self._tops.level > AUDIBLE_DB))

    def _find_steady(self, tenth: Floats, quarter: Floats) -> NDArray[np.bool_]:
        """Return which bands have a floor that is steady and higher than usual."""
        rise = tenth - self._floors.high
        return np.asarray((quarter - tenth < STEADY_DB) & (rise > RISE_DB))

    def _find_beginning(self, kind: Kind, tops: Floats, levels: tuple[Floats, Floats]) -> None:
        """Say when it began, to a frame where the last 12 s show it: most bands change at once."""
        self.began_ms.pop(kind, None)
        if kind is Kind.NOISE:
            steady = self._find_steady(*levels)
            away = self._past_beyond(levels[0], steady)
            last = _last_of((away < -CLEAR_DB).mean(axis=1) > MOST)
            shown = np.flatnonzero((away[last + 1 :] < SHOWN_DB).mean(axis=1) > MOST)
            first = last + 1 + int(shown[0]) if shown.size else len(away) - 1
        elif kind is Kind.BANDWIDTH:
            away = self._past_beyond(tops, self._find_beyond(self._edge_hz))
            there = (away > CLEAR_DB).mean(axis=1) > MOST
            frames = round(1000 * BUSY_S / self._frame_ms)
            busy = np.convolve(there, np.full(frames, 1 / frames))[: len(there)]
            last = _last_of(there & (busy > BUSY))
            first = last + 1
        else:
            return
        if last >= 0:
            self.began_ms[kind] = self._frame_at_ms(last), self._frame_at_ms(first + 1)

    def _past_beyond(self, level: Floats, bands: NDArray[np.bool_]) -> Floats:
        """Return by how much each frame of the last 12 s is above a level, dB, (frames, bands)."""
        return np.concatenate([frames[:, bands] for _, frames in self._past]) - level[bands]

    def _frame_at_ms(self, number: int) -> float:
        """Return when a frame of those 12 s begins, or the last one ends."""
        for at_ms, frames in self._past:
            if number < len(frames):
                return at_ms + number * self._frame_ms
            number -= len(frames)
        return self._past[-1][0] + len(self._past[-1][1]) * self._frame_ms

    def _count_holes(self, frames: Floats, tops: Floats) -> float:
        usual_top = self._tops.level if self._tops.is_known else tops
        heard = (self._hz >= 2_000) & (self._hz < 10_000) & (tops > AUDIBLE_DB)  # noqa: PLR2004 the range of holes
        heard &= usual_top > AUDIBLE_DB
        if not heard.any():
            return 0.0
        middle = 10 * np.log10((10 ** (frames[:, heard] / 10)).mean(axis=0))
        return float((frames[:, heard] < middle - HOLE_DB).mean())

    def _say(self, kind: Kind, block: Block, told: tuple[float, float]) -> Verdict:
        measured, score = told
        if kind is Kind.BANDWIDTH:
            sentence = f"nothing is left above {measured / 1000:.1f} kHz, where there usually is"
            unit = "Hz"
        elif kind is Kind.NOISE:
            sentence = f"a steady noise of {measured:.0f} dB per 250 Hz fills what was quiet"
            unit = "dB"
        else:
            sentence = f"{measured:.0f} % holes in the spectrum, as after coarse coding"
            unit = "%"
        # All of the last 4 s had to be so before there was evidence.
        early_ms = self._alarms[kind].since_ms - round(1000 * STEP_S * (RING - 1))
        return Verdict(
            kind=kind,
            since_ms=round(self.began_ms[kind][0]) if kind in self.began_ms else early_ms,
            said_ms=block.time_ms(block.start + block.grid.size),
            score=score,
            measured=round(measured, 1),
            unit=unit,
            sentence=sentence,
        )


def find_edge(hz: Floats, tops: Floats, *, usual: tuple[Floats, Floats]) -> float | None:
    """Return where the spectrum ends that usually goes on, Hz, or None.

    tops: the greatest power of each band in 4 s, dB. usual: level and tenth percentile of the same
    figure. An edge is steep (20 dB within a third of an octave), keeps what is below it, and leaves
    less than usual, by 12 dB, in nearly every band above it up to where the stream usually ends.
    """
    level, low = usual
    heard = np.flatnonzero((level > AUDIBLE_DB) & (low > AUDIBLE_DB - LOST_DB))
    if not heard.size:
        return None
    last = int(heard[-1])
    lost = low - tops > LOST_DB
    kept = np.flatnonzero(~lost[: last + 1])
    if not kept.size:
        return None
    # The edge is the last band that is kept, a few stragglers above it aside.
    for edge in kept[::-1][:8].tolist():
        width = min(hz[last], HEARD_MAX_HZ) - hz[edge]
        if width < max(LEAST_HZ, 0.08 * hz[last]) or hz[edge] < LEAST_HZ:
            continue
        above = lost[edge + 1 : last + 1]
        beyond = hz > EDGE_RATIO * hz[edge]
        beyond[last + 1 :] = False
        near = (hz > hz[edge] / EDGE_RATIO) & (hz <= hz[edge])
        if above.mean() < LOST_SHARE or not beyond.any():
            continue
        fall = float(np.median((level - tops)[beyond])) - float(np.median((level - tops)[near]))
        below = float(np.median((low - tops)[near]))
        # A quieter piece lacks something everywhere.
        lower = float(np.median((level - tops)[: edge + 1]))
        if fall > EDGE_DB and max(below, lower) < KEPT_DB:
            return float(hz[edge])
    return None


def _last_of(frames: NDArray[np.bool_]) -> int:
    """Return the number of the last of which it is so, −1 for none."""
    found = np.flatnonzero(frames)
    return int(found[-1]) if found.size else -1


def _middle(values: Floats, chosen: NDArray[np.bool_]) -> float:
    return float(np.median(values[chosen])) if chosen.any() else 0.0


def _quantiles(frames: Floats) -> tuple[Floats, Floats]:
    n = len(frames)
    parted = np.partition(frames, (n // 10, n // 4), axis=0)
    return parted[n // 10], parted[n // 4]
