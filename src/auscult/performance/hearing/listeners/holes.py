"""Silence and gaps: where sound stops abruptly, and whether it comes back."""

from collections import deque
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d

from auscult.performance.hearing.figures.blocks import (
    BINS,
    HOPS,
    LOUD_PEAK,
    SILENT_PEAK,
    STEP_S,
    Block,
    Grid,
    Singles,
)
from auscult.performance.hearing.figures.events import Events
from auscult.performance.hearing.verdicts import SCORE_MAX, Alarm, Kind, Verdict

GONE_PEAK = 10 ** (-66 / 20)
ABRUPT_S, LONG_S, LONGEST_S, PATIENCE = 2.7, 5.4, 10.0, 1.5
"""Silence is told after 2.7 s where the sound was cut, 5.4 s where it died away within 0.4 s,
after 10 s where it was faint before; pauses that ended by themselves make the first two 1.5 times
the longest of them."""

CUT_BINS, PAST_HOPS = 22, 4
DEPTH = 10 ** (-36 / 20)
"""No room and no instrument falls by 36 dB within 3 ms and comes back as fast; and a cut, after a
coder, within 22 ms (its window). Below that a coder may die away for as long as it likes."""

EDGE_BINS, NEAR_BINS, LEAST_BINS = 3, 8, 3
STEADY, SHARP, RETURNED = 0.1, 0.4, 0.1
DEAD, ALIVE, FAINT, FAINT_MIDDLE = 1e-5, 5e-4, 1e-3, 1e-4
"""What has been coded is never dead (−100 dB) between two milliseconds that are not (−66 dB)."""
BREAK, QUIET_BEND = 2.5, 1e-4
CONTEXT = 2_000 + 2 * NEAR_BINS
GAP_MAX_BINS = 2_000
LULLS, LULL_SHARE = 60, 0.5
"""What is left in a gap is set against the quietest 8 ms of each of the last 60 blocks."""


class Silence:
    """Hears when nothing is heard: below −60 dB of full scale in every channel."""

    def __init__(self) -> None:
        self._silent_s = 0.0
        self._need_s = LONGEST_S
        self._longest_s = 0.0
        self._past = np.zeros(PAST_HOPS * BINS, dtype=np.float32)
        self._alarm = Alarm(Kind.SILENCE, need_s=0.0)

    @property
    def alarms(self) -> Iterable[Alarm]:
        """What it may have opened."""
        return (self._alarm,)

    def hear(self, block: Block) -> Iterator[Verdict]:
        """Take in one block."""
        bins = np.concatenate([self._past, block.peak.max(axis=0)])
        self._past = bins[-PAST_HOPS * BINS :]
        hops = bins[PAST_HOPS * BINS :].reshape(HOPS, BINS)
        for number, peak in enumerate(hops.max(axis=1).tolist()):
            if peak > SILENT_PEAK:
                self._end()
                continue
            if not self._silent_s:
                self._need_s = self._patience(bins[(number + 1) * BINS :][: PAST_HOPS * BINS])
            self._silent_s += STEP_S / HOPS
            since_ms = block.time_ms(block.start + (number + 1) * block.grid.hop) - round(
                1000 * self._silent_s
            )
            enough = self._silent_s >= self._need_s
            if enough and self._alarm.feed(since_ms, bad=True, step_s=STEP_S / HOPS):
                yield self._say(block, number + 1)

    def _patience(self, bins: Singles) -> float:
        """Return how long a silence is borne that begins in the last of these 400 ms."""
        if float(bins.max()) < LOUD_PEAK:
            return LONGEST_S
        before = maximum_filter1d(bins, NEAR_BINS, origin=(NEAR_BINS - 1) // 2, mode="nearest")
        after = np.maximum.accumulate(bins[::-1])[::-1][CUT_BINS:]
        is_cut = DEPTH * before[:-CUT_BINS] > np.maximum(after, GONE_PEAK)
        least_s = ABRUPT_S if is_cut.any() else LONG_S
        return min(LONGEST_S, max(least_s, PATIENCE * self._longest_s))

    def _end(self) -> None:
        # A pause that was nearly told, or told in error, was the programme's own.
        if self._silent_s < PATIENCE * LONG_S:
            self._longest_s = max(self._longest_s, self._silent_s)
        self._silent_s = 0.0
        self._alarm.close()

    def _say(self, block: Block, hops: int) -> Verdict:
        now_ms = block.time_ms(block.start + hops * block.grid.hop)
        usual_s = max(self._longest_s, 0.3)
        return Verdict(
            kind=Kind.SILENCE,
            since_ms=now_ms - round(1000 * self._silent_s),
            said_ms=now_ms,
            # Pauses as an exponential variable whose 99th percentile is the longest one so far.
            score=min(SCORE_MAX, 2.0 * self._silent_s / usual_s),
            measured=round(self._silent_s, 1),
            unit="s",
            sentence=f"silent for {self._silent_s:.1f} s, and still silent",
        )


class Gaps:
    """Hears dropouts of 5 ms to 2 s.

    They fall by 36 dB within 3 ms and return as fast, or are dead from one millisecond to the next,
    which is heard between the pulses of a low voice and in faint passages too.
    """

    def __init__(self, grid: Grid) -> None:
        self._past = np.zeros((grid.channels, CONTEXT), dtype=np.float32)
        self._before = np.zeros((grid.channels, grid.size), dtype=np.float32)
        self._lulls: deque[tuple[int, float]] = deque(maxlen=LULLS)
        self._events = Events(prior=0.5, p_max=0.01)
        self._alarm = Alarm(Kind.GAP, need_s=0.0)
        self._told = 0

    @property
    def alarms(self) -> Iterable[Alarm]:
        """What it may have opened."""
        return (self._alarm,)

    def hear(self, block: Block) -> Iterator[Verdict]:
        """Take in one block; a gap is heard when the sound has come back."""
        peak = np.concatenate([self._past, block.peak], axis=1)
        self._past = peak[:, -CONTEXT:]
        before, self._before = self._before, block.samples
        first_bin = block.start // block.grid.hop * BINS - CONTEXT
        lull = maximum_filter1d(block.peak.max(axis=0), NEAR_BINS)[NEAR_BINS:-NEAR_BINS].min()
        self._lulls.append((first_bin + peak.shape[1], float(lull)))
        found = find_gaps(peak)
        heard = False
        for begin, end in found:
            if first_bin + end <= self._told:
                continue
            self._told = first_bin + end
            is_cut = self._is_cut(block, before, (begin, end))
            rest = float(np.median(peak[:, begin + 1 : end].max(axis=0)))
            if not is_cut and self._is_lull(first_bin + begin, rest):
                continue
            at_s = (first_bin + begin) / 1000.0
            heard = True
            score = self._events.count(at_s)
            since_ms = block.time_ms(block.start + (begin - CONTEXT) * block.grid.hop / BINS)
            if score and self._alarm.feed(since_ms, bad=True, step_s=STEP_S):
                yield Verdict(
                    kind=Kind.GAP,
                    since_ms=since_ms,
                    said_ms=block.time_ms(block.start + block.grid.size),
                    score=score,
                    measured=float(end - begin),
                    unit="ms",
                    sentence=f"the sound was gone for {end - begin} ms and came back",
                    is_sure=is_cut,
                )
        if not heard:
            self._alarm.feed(0, bad=False, step_s=STEP_S)

    def _is_lull(self, begin: int, rest: float) -> bool:
        """Whether what is left from a bin on may be what was left between sounds before, too.

        A voice that stops for a consonant leaves the hiss of its room, and a dropout takes it away.
        In the first half second nobody knows yet what this room leaves.
        """
        before = [lull for end, lull in self._lulls if end <= begin]
        return not before or rest > max(LULL_SHARE * min(before), DEAD)

    def _is_cut(self, block: Block, before: Singles, gap: tuple[int, int]) -> bool:
        """Whether either edge is a break in the wave, where it is still held (0.5 to 1 s)."""
        grid, sound = block.grid, np.concatenate([before, block.samples], axis=1)
        held_bins, size = self._past.shape[1] + HOPS * BINS, sound.shape[1]
        begin, end = (size - round((held_bins - at) * grid.hop / BINS) for at in gap)
        return any(
            is_break(one[:end], begin, grid.rate_hz)
            or is_break(one[begin:][::-1], len(one) - end, grid.rate_hz)
            for one in sound
            if begin >= 0
        )


def is_break(x: Singles, at: int, rate_hz: int) -> bool:
    """Whether the wave breaks within 1.5 ms of a frame, by the 20 ms before it; x: (frames,).

    A pause of the programme begins and ends within a millisecond at best, which moves the third
    difference no more than the sound around it does; a cut moves it at once.
    """
    near, wide = round(0.0015 * rate_hz), round(0.02 * rate_hz)
    bend = np.abs(np.diff(x[max(0, at - wide) : at + near].astype(np.float64), n=3))
    before, here = bend[: -2 * near], bend[-2 * near :]
    return bool(before.size and here.max() > BREAK * max(float(before.max()), QUIET_BEND))


def find_gaps(peak: Singles) -> list[tuple[int, int]]:
    """Return (begin, end) in bins of the gaps in any channel; peak: (channels, bins of 1 ms)."""
    found: set[tuple[int, int]] = set()
    if not (peak < LOUD_PEAK).any():
        return []
    for one in peak:
        found.update(find_dead(one))
        for fall in find_falls(one).tolist():
            before = float(np.median(one[max(0, fall - NEAR_BINS) : fall]))
            quiet = 2 * DEPTH * before
            back = one[fall + 1 : fall + 1 + GAP_MAX_BINS] > quiet
            rise = fall + 1 + int(back.argmax())
            after = one[rise + 1 : rise + 1 + NEAR_BINS]
            if not back.any() or rise - fall <= LEAST_BINS or len(after) < NEAR_BINS:
                continue
            # Sound goes on for most of 8 ms on both sides (a click does not), and returns at once
            # and in full (a stroke that shines through in a channel that was lost does not).
            level = min(before, float(np.median(after)))
            full = level > max(STEADY * LOUD_PEAK, RETURNED * before)
            at_once = after[:EDGE_BINS].max() > SHARP * level
            if full and at_once and is_rise(one, fall, rise):
                found.add((fall, rise))
    # One gap, found in both ways or in both channels, has one beginning.
    apart: list[tuple[int, int]] = []
    for begin, end in sorted(found):
        if not apart or begin > apart[-1][1]:
            apart.append((begin, end))
    return apart


def is_rise(peak: Singles, fall: int, rise: int) -> bool:
    """Whether what fell in bin `fall` returns in bin `rise` by 36 dB too; peak: (bins of 1 ms,).

    Behind a syllable that ends within 3 ms a consonant swells for 20 ms out of the room's hiss: by
    10 to 20 dB in the 8 ms looked at. The last bin before the return may already hold the start of
    the wave, and the first one the end of what fell.
    """
    rest = peak[max(fall + 1, rise - 1 - EDGE_BINS) : rise - 1]
    return bool(DEPTH * peak[rise : rise + NEAR_BINS].max() > rest.max())


def find_dead(peak: Singles) -> list[tuple[int, int]]:
    """Return (begin, end) of what is digitally silent between sound; peak: (bins of 1 ms,)."""
    dead = np.concatenate([[False], peak < DEAD, [False]]).astype(np.int8)
    runs = np.flatnonzero(np.diff(dead)).reshape(-1, 2)
    lengths = runs[:, 1] - runs[:, 0]
    found = []
    for begin, end in runs[(lengths >= LEAST_BINS) & (lengths <= GAP_MAX_BINS)].tolist():
        before, after = peak[max(0, begin - NEAR_BINS) : begin], peak[end : end + NEAR_BINS]
        if min(len(before), len(after)) < NEAR_BINS:
            continue
        edges = min(float(before[-EDGE_BINS:].max()), float(after[:EDGE_BINS].max()))
        sounds = min(float(before.max()), float(after.max())) > FAINT
        # Two clicks in silence are no sound on both sides.
        goes_on = min(float(np.median(before)), float(np.median(after))) > FAINT_MIDDLE
        if edges > ALIVE and sounds and goes_on:
            found.append((begin, end))
    return found


def find_falls(peak: Singles) -> NDArray[np.intp]:
    """Return the first bin of each abrupt fall of one channel; peak: (bins of 1 ms,)."""
    ahead = maximum_filter1d(peak, EDGE_BINS, origin=-(EDGE_BINS // 2), mode="nearest")
    behind = maximum_filter1d(peak, NEAR_BINS, origin=(NEAR_BINS - 1) // 2, mode="nearest")
    near = maximum_filter1d(peak, 2, origin=0, mode="nearest")
    # Bin k is cut within: loud until k−1, quiet from k+1 on.
    loud = behind[:-2]
    fall = (loud > LOUD_PEAK) & (ahead[2:] < DEPTH * loud) & (near[:-2] > SHARP * loud)
    begins = fall & ~np.concatenate([[False], fall[:-1]])
    return np.flatnonzero(begins) + 1
