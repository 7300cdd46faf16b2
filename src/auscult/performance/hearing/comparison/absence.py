"""What is not there: silence and gaps that the reference does not have."""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from auscult.performance.hearing.comparison.pairs import Pair
from auscult.performance.hearing.figures.blocks import (
    BINS,
    HOPS,
    LOUD_PEAK,
    SILENT_PEAK,
    STEP_S,
    Floats,
)
from auscult.performance.hearing.verdicts import Alarm, Kind, Verdict

AUDIBLE_SHARE, FADE = 0.05, 0.95
"""What lies 26 dB below the loudest of the last seconds is the hiss of a pause: a noise gate on the
way turns it down by some 20 dB, and nobody misses it."""

SILENCE_S, BACK_S = 1.0, 0.3
DIP, FAINT_DIP, BACK, LOUD_SHARE = 0.1, 0.02, 0.3, 0.3
"""Gone is what falls to a tenth of what it should be (a fiftieth in a pause), and back what has
three tenths again: in between a coder's reverberation meets a source that falls quiet."""

Run = tuple[int, int]
FITS = 0.6
"""Around a gap all tenths of a second fit their place as well as this."""

GAP_BINS, BACK_BINS = 4, 8
"""A gap lasts 4 ms at least, and is over when the sound is back for 8 ms."""

TREBLE_HZ, TREBLE_ALONE = 4_000.0, DIP
"""Of what is treble alone less than a tenth of the power lies below 4 kHz."""

LONG_BINS = round(1000 * SILENCE_S)
"""What is gone for longer is no gap but silence, or a channel that is lost."""


class Absence:
    """Silence and gaps that the reference does not have."""

    def __init__(self) -> None:
        self._silence = Alarm(Kind.SILENCE, need_s=SILENCE_S, quiet_s=BACK_S)
        self._gap = Alarm(Kind.GAP, need_s=0.0)
        self._run: Run | None = None
        self._gain: Floats | None = None
        self._loud = 0.0
        self.explains_all = False

    @property
    def alarms(self) -> Iterable[Alarm]:
        """What it may have opened."""
        return (self._silence, self._gap)

    def hear(self, pair: Pair) -> Iterator[Verdict]:
        """Take in one pair."""
        block, source = pair.block, pair.source
        self._loud = max(float(source.peak.max()), FADE * self._loud)
        least = max(LOUD_PEAK, AUDIBLE_SHARE * self._loud)
        hop_s, was_silent = STEP_S / HOPS, self._silence.is_open
        # Of a block that is silent in part nothing else can be said.
        self.explains_all = self._silence.since_ms >= 0
        for hop in range(HOPS):
            bins = slice(hop * BINS, (hop + 1) * BINS)
            sounds = float(source.peak[:, bins].max()) > least
            silent = float(block.peak[:, bins].max()) < SILENT_PEAK
            at_ms = block.time_ms(block.start + hop * block.grid.hop)
            bad = silent if sounds else None
            self.explains_all |= bool(bad)
            if self._silence.feed(at_ms, bad=bad, step_s=hop_s):
                words = ("s", "silent, while its source plays on")
                yield pair.say(self._silence, None, SILENCE_S, words=words)
        if was_silent or self._silence.is_open:
            self._run = None
        else:
            yield from self._find_gap(pair)

    def _find_gap(self, pair: Pair) -> Iterator[Verdict]:
        gain = loud_gain(pair)
        missing = self._find_missing(pair, gain)
        if not is_placed(pair, missing):
            # What went on so far cannot be followed through a block that stands elsewhere.
            self._run = None
            return
        if not missing.any() and float(pair.source.peak.max(axis=1).min()) > LOUD_PEAK:
            self._gain = gain
        ended, self._run = find_runs(missing, self._run)
        heard = False
        for begin, end in ended:
            length = end - begin
            # What comes before a silence that goes on is the beginning of it.
            if not GAP_BINS <= length <= LONG_BINS or self._silence.since_ms >= 0:
                continue
            if is_of_treble(pair, max(begin, 0), end):
                continue
            heard = True
            first = pair.block.start + begin * pair.block.grid.hop / BINS
            if self._gap.feed(pair.block.time_ms(first), bad=True, step_s=STEP_S):
                words = ("ms", f"the sound was gone for {length} ms, while its source plays on")
                yield pair.say(self._gap, None, float(length), words=words)
        if not heard:
            self._gap.feed(0, bad=False, step_s=STEP_S)

    def _find_missing(self, pair: Pair, gain: Floats) -> NDArray[np.bool_]:
        """Say of each millisecond whether what should be heard is missing in some channel.

        What should be heard is the reference at the gain of the last block that was whole: the
        gain of a block in which a channel goes down would soon find it loud enough. What is gone
        for longer than a gap is the way it is now.
        """
        run = self._run
        if self._gain is None or (run is not None and run[0] < -LONG_BINS):
            self._gain = gain
        faint, goes_on = AUDIBLE_SHARE * self._loud, run is not None and run[1] == 0
        return find_missing(pair, self._gain, faint=faint, was_missing=goes_on)


def is_placed(pair: Pair, missing: NDArray[np.bool_]) -> bool:
    """Whether the block stands at its place of the reference, wherever nothing is missing of it.

    Misplaced by a millisecond, or beside a skip, every stroke would leave a gap beside it. Of a
    block that is missing altogether the place is that of the block before.
    """
    known = ~np.isnan(pair.fit.quality)
    if not known.any():
        return bool(missing.all())
    whole = known & ~missing.reshape(HOPS, BINS).any(axis=1)
    near = np.abs(pair.fit.off[known]) < pair.block.grid.hop / BINS
    return bool(near.all() and (pair.fit.quality[whole] > FITS).all())


def is_of_treble(pair: Pair, begin: int, end: int) -> bool:
    """Whether the source has nothing but treble from one bin to another, and some of it is heard.

    A consonant or a cymbal that lost its treble is all but gone: that is no gap, but bandwidth.
    """
    if end <= begin or float(pair.block.peak[:, begin:end].max()) < SILENT_PEAK:
        return False
    frames = slice(*(round(bin_ * pair.source.grid.hop / BINS) for bin_ in (begin, end)))
    piece = pair.source.samples[:, frames]
    power = np.abs(np.fft.rfft(piece * np.hanning(piece.shape[1]), axis=1)) ** 2
    hz = np.fft.rfftfreq(piece.shape[1], 1 / pair.source.grid.rate_hz)
    return bool(power[:, hz < TREBLE_HZ].sum() < TREBLE_ALONE * power.sum())


def loud_gain(pair: Pair) -> Floats:
    """Return the gain of each channel where its reference is loud, as a ratio, (channels,).

    Elsewhere noise may be all that is heard, and would make the gain too great.
    """
    source, heard = pair.source.peak, pair.block.peak
    loud = source > LOUD_SHARE * source.max(axis=1, keepdims=True)
    total = np.maximum(np.where(loud, source, 0).sum(axis=1), 1e-9)
    return np.asarray(np.where(loud, heard, 0).sum(axis=1) / total, dtype=np.float64)


def find_missing(pair: Pair, gain: Floats, *, faint: float, was_missing: bool) -> NDArray[np.bool_]:
    """Return for each bin of 1 ms whether the reference, at a gain per channel, is missing.

    faint: peak below which the reference is in a pause.
    """
    source, heard = pair.source.peak, pair.block.peak
    padded = np.pad(source, ((0, 0), (1, 1)), mode="edge")
    low = np.minimum(np.minimum(padded[:, :-2], padded[:, 1:-1]), padded[:, 2:])
    sounds = (low > LOUD_PEAK) & (gain[:, None] > DIP)
    should = gain[:, None] * low
    missing = sounds & (heard < np.where(low > faint, DIP, FAINT_DIP) * should)
    # Where the source itself is quiet nothing has come back: what was so before goes on.
    clear = missing | (sounds & (heard > BACK * should))
    known = np.where(clear, np.arange(sounds.shape[1]), -1)
    last = np.maximum.accumulate(known, axis=1)
    filled = np.take_along_axis(missing, np.maximum(last, 0), axis=1)
    return np.asarray(np.where(last >= 0, filled, was_missing & (gain[:, None] > DIP)).any(axis=0))


def find_runs(missing: NDArray[np.bool_], open_run: Run | None) -> tuple[list[Run], Run | None]:
    """Return (begin, end) of what was missing and is back, in bins, and of what may go on.

    open_run: what may have gone on up to the first bin, on this block's count, so not above 0; the
    one returned is on the next block's. What is back for less than 8 ms is not back: a stroke may
    shine through from the other channel.
    """
    n = len(missing)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], missing, [False]]).astype(np.int8)))
    found: list[Run] = [] if open_run is None else [open_run]
    for begin, end in edges.reshape(-1, 2).tolist():
        if found and begin - found[-1][1] < BACK_BINS:
            found[-1] = (found[-1][0], end)
        else:
            found.append((begin, end))
    if not found or n - found[-1][1] >= BACK_BINS:
        return found, None
    begin, end = found.pop()
    return found, (begin - n, end - n)
