"""Clicks and splices: what no instrument makes, a change of the wave within a quarter millisecond.

Listened for in two bands where a break in the wave stands alone: just below half the sample rate,
which every lossy codec leaves empty, and around 0.6 of it for breaks that were coded since. An
event stands out of everything within 16 ms before *and* after it: strokes ring on, voices come
again with the next period, breaks do not.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import maximum_filter1d

from auscult.performance.hearing.figures.blocks import (
    SILENT_PEAK,
    STEP_S,
    Block,
    Floats,
    Grid,
    Singles,
)
from auscult.performance.hearing.figures.events import WINDOW_S, Events
from auscult.performance.hearing.verdicts import Alarm, Kind, Verdict

PLACES_PER_S = 4_000
REACH, SPARED = 64, 8
"""Places looked at on each side, and places beside the event that the filters smear it over."""

LENGTH = 8
"""Length of the filters, in places."""

UPPER = 0.6
RATIO, ALONE = 8.0, 20.0
"""Against all around: of clicks, which come in numbers, and of a splice, which comes alone."""
LEAST = (2e-5, 2e-3)
"""What is not heard: −94 dB in the band that should be empty, −54 dB in the upper one."""

FAINT, CLEAR = 3e-4, 100.0
"""A coder leaves traces in its empty band wherever a drum is struck, of up to −86 dB and 26 dB over
all around: what is fainter than −70 dB must stand out by 40."""

APART_S, DOUBT = 0.06, 1e4
"""A coder repeats a break in the frames after it: within 60 ms all are one click. Where none
stands out as a splice must, they may be strokes, and must be so much less probable."""

ROWS_AT_ONCE = 800
"""So few that BLAS does not spread them over threads, which costs more than the sums."""

EDGE_MS = 5
STEP_SHARE = 0.5
HOLE = 0.03


@dataclass(frozen=True, slots=True)
class Impulse:
    """A break in the wave.

    frame: where. ratio: to all around. is_step: whether the wave goes on somewhere else (a splice)
    or comes back (a click).
    """

    frame: int
    ratio: float
    is_step: bool


class Finder:
    """Finds the breaks of one stream, each once, when the 16 ms after it were heard."""

    def __init__(self, grid: Grid, *, least_ratio: float = RATIO) -> None:
        self._stride = max(2, round(grid.rate_hz / PLACES_PER_S))
        self._taps = band_taps(self._stride)
        self._least_ratio = least_ratio
        self._keep = (2 * REACH + 16) * self._stride
        self._past = np.zeros((grid.channels, self._keep), dtype=np.float32)
        self._end = self._next = 0

    def find(self, block: Block) -> Iterator[Impulse]:
        """Take in one block and yield what stands out, in order."""
        if block.start != self._end or not self._end:
            # What begins, or does not follow, begins with a step of its own.
            self._past[:] = 0
            self._next = block.start + block.grid.rate_hz // 20
        self._end = block.start + block.grid.size
        x = np.concatenate([self._past, block.samples], axis=1)
        first = block.start - self._keep
        self._past = x[:, -self._keep :]
        found = find_impulses(
            x, self._taps, from_frame=self._next - first, least_ratio=self._least_ratio
        )
        for at, ratio, is_step in found:
            self._next = max(self._next, first + at + self._stride * SPARED)
            yield Impulse(first + at, ratio, is_step)


class Clicks:
    """Counts the clicks of one stream."""

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._events = Events(prior=0.5, p_max=1e-4, apart_s=APART_S)
        self._clear_s = -WINDOW_S

    @property
    def first_ms(self) -> float:
        """When the first one of the last 10 s was, by frames from the beginning."""
        return 1_000 * self._events.first_s

    def count(self, one: Impulse) -> float | None:
        """Take in a click; return −log10 p when so many are too many, else None."""
        at_s = one.frame / self._rate_hz
        if one.ratio >= ALONE:
            self._clear_s = at_s
        is_clear = at_s - self._clear_s < WINDOW_S
        return self._events.count(at_s, doubt=1.0 if is_clear else DOUBT)


class Impulses:
    """Hears clicks (the wave comes back at once) and splices (it goes on somewhere else)."""

    def __init__(self, grid: Grid) -> None:
        self._finder = Finder(grid)
        self._clicks = Clicks(grid.rate_hz)
        self._splices = Events(prior=0.2, p_max=5e-3)
        self._alarms = {
            Kind.CLICKS: Alarm(Kind.CLICKS, need_s=0.0, quiet_s=8.0),
            Kind.SPLICE: Alarm(Kind.SPLICE, need_s=0.0),
        }

    @property
    def alarms(self) -> Iterable[Alarm]:
        """What it may have opened."""
        return self._alarms.values()

    def hear(self, block: Block) -> Iterator[Verdict]:
        """Take in one block."""
        heard: set[Kind] = set()
        for one in self._finder.find(block):
            if one.is_step and one.ratio < ALONE:
                continue
            kind = Kind.SPLICE if one.is_step else Kind.CLICKS
            heard.add(kind)
            since_ms = block.time_ms(one.frame)
            if one.is_step:
                score = self._splices.count(one.frame / block.grid.rate_hz)
            else:
                score = self._clicks.count(one)
                since_ms = round(block.time_ms(0) + self._clicks.first_ms)
            if score and self._alarms[kind].feed(since_ms, bad=True, step_s=STEP_S):
                said_ms = block.time_ms(block.start + block.grid.size)
                yield _say(kind, (since_ms, said_ms), score=score, ratio=one.ratio)
        for kind in set(self._alarms) - heard:
            self._alarms[kind].feed(0, bad=False, step_s=STEP_S)


def _say(kind: Kind, when_ms: tuple[int, int], *, score: float, ratio: float) -> Verdict:
    over_db = 20 * float(np.log10(ratio))
    what = "clicks" if kind is Kind.CLICKS else "the wave jumps, as if a piece had been cut out"
    return Verdict(
        kind=kind,
        since_ms=when_ms[0],
        said_ms=when_ms[1],
        score=score,
        measured=round(over_db, 1),
        unit="dB",
        sentence=f"{what}: {over_db:.0f} dB steeper than all around",
    )


def band_taps(stride: int) -> Singles:
    """Return the filters of both bands, shape (LENGTH·stride, 3): top, upper cosine, upper sine."""
    n = np.arange(LENGTH * stride) - (LENGTH * stride - 1) / 2
    # A low-pass of a tenth of the band, moved to half the rate and to 0.6 of half the rate.
    low = np.sinc(0.1 * n) * np.kaiser(len(n), 9.0)
    low /= low.sum()
    taps = [
        low * np.cos(np.pi * (n - 0.5)),
        *(low * wave(np.pi * UPPER * n) for wave in (np.cos, np.sin)),
    ]
    return np.stack(taps, axis=1).astype(np.float32)


def find_impulses(
    x: Singles, taps: Singles, *, from_frame: int, least_ratio: float = RATIO
) -> list[tuple[int, float, bool]]:
    """Return (frame, ratio to all around, whether it is a step) of each event, in order.

    x: (channels, frames). Only events with the whole reach on both sides are returned.
    """
    stride = len(taps) // LENGTH
    bands = _filter(x, taps, stride)
    top, upper = np.abs(bands[..., 0]), np.hypot(bands[..., 1], bands[..., 2])
    clear = _stand_out(top, LEAST[0])
    clear[(top < FAINT) & (clear < CLEAR)] = 0.0
    ratio = np.maximum(clear, _stand_out(upper, LEAST[1]))
    best = ratio.max(axis=0)
    # The middle of each event: the greatest ratio within what the filters smear it over.
    middle = (best > least_ratio) & (
        best == maximum_filter1d(best, 2 * SPARED + 1, mode="constant")
    )
    found: list[tuple[int, float, bool]] = []
    for place in np.flatnonzero(middle).tolist():
        at = place * stride + len(taps) // 2
        if at < from_frame or (found and at - found[-1][0] <= SPARED * stride):
            continue
        shape = _shape(x[int(ratio[:, place].argmax())], at, stride)
        if shape is not None:
            found.append((at, float(best[place]), shape))
    return found


def _filter(x: Singles, taps: Singles, stride: int) -> Singles:
    """Return both bands at every `stride`-th place, (channels, places, 3), float32.

    The same as filtering and throwing away, without ever making what is thrown away: rows of one
    stride are multiplied with every part of the filters, and the parts added along the diagonal.
    """
    channels, rows = len(x), x.shape[1] // stride
    parts = taps.reshape(LENGTH, stride, -1).transpose(1, 0, 2).reshape(stride, -1)
    cut = x[:, : rows * stride].reshape(channels, rows, stride)
    piece = ROWS_AT_ONCE
    made = [
        np.concatenate([one[at : at + piece] @ parts for at in range(0, rows, piece)])
        for one in cut
    ]
    split = np.stack(made).reshape(channels, rows, LENGTH, -1)
    places = rows - LENGTH + 1
    out = split[:, :places, 0].copy()
    for part in range(1, LENGTH):
        out += split[:, part : part + places, part]
    return out


def _stand_out(level: Singles, least: float) -> Floats:
    """Return each place's level against the greatest within its reach, shape as `level`."""
    size = REACH - SPARED
    around = maximum_filter1d(level, size, axis=1, mode="constant")
    shift = SPARED + size // 2
    ratio = np.zeros(level.shape)
    inner = slice(REACH + 2, level.shape[1] - REACH - 2)
    before = around[:, inner.start - shift : inner.stop - shift]
    after = around[:, inner.start + shift : inner.stop + shift]
    here = level[:, inner]
    ratio[:, inner] = np.where(here > least, here / (np.maximum(before, after) + 1e-7), 0.0)
    return ratio


def _shape(x: Singles, at: int, stride: int) -> bool | None:
    """Say whether the wave goes on elsewhere (True) or comes back (False); None beside a hole."""
    near = x[at - 4 * stride : at + 4 * stride].astype(np.float64)
    middle = at - 4 * stride + 2 + int(np.abs(np.diff(near, n=3)).argmax())
    side = 4 * EDGE_MS * stride
    before = float(np.abs(x[max(0, middle - side) : middle - 2]).max(initial=0.0))
    after = float(np.abs(x[middle + 3 : middle + side]).max(initial=0.0))
    if min(before, after) < SILENT_PEAK or min(before, after) < HOLE * max(before, after):
        return None
    near = x[middle - 10 : middle + 11].astype(np.float64)
    left = np.polyval(np.polyfit(np.arange(-10, -3), near[:7], 1), np.arange(-3, 4))
    right = np.polyval(np.polyfit(np.arange(4, 11), near[-7:], 1), np.arange(-3, 4))
    # Between both sides a splice follows one or the other; a click follows neither.
    inside = near[7:14]
    away = float(np.minimum(np.abs(inside - left), np.abs(inside - right)).max())
    return away < STEP_SHARE * abs(float(right[3] - left[3]))
