"""Repeated audio: the very same samples once more, as when a buffer is played twice."""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from auscult.performance.hearing.figures.blocks import STEP_S, Block, Singles
from auscult.performance.hearing.figures.events import Events
from auscult.performance.hearing.verdicts import Alarm, Kind, Verdict

LOOK_BACK_S = 1.5
ONE_IN_BITS = 5
WORDS = 4
LEAST_MARKS, LEAST_S = 5, 0.008
MARKS_MAX = 20_000
FAINT = 1e-4
MULTIPLIERS = np.array(
    [0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93],
    dtype=np.uint64,
)


class Repeats:
    """Marks one frame in 32 by its content, and looks for the same marks in the same distances.

    Content-defined marks are those of data de-duplication (Muthitacharoen et al., LBFS, 2001).
    Equal float32 samples over 8 ms are no chance: coded sound never repeats itself exactly.
    """

    def __init__(self) -> None:
        self._past = np.zeros(WORDS - 1, dtype=np.float32)
        self._hash = np.zeros(0, dtype=np.uint64)
        self._at = np.zeros(0, dtype=np.int64)
        self._events = Events(prior=0.2, p_max=5e-3)
        self._alarm = Alarm(Kind.REPEAT, need_s=0.0)
        self._told = -1

    @property
    def alarms(self) -> Iterable[Alarm]:
        """What it may have opened."""
        return (self._alarm,)

    def hear(self, block: Block) -> Iterator[Verdict]:
        """Take in one block."""
        rate = block.grid.rate_hz
        x = np.concatenate([self._past, block.samples[0]])
        self._past = x[-WORDS + 1 :]
        hashes, at = mark(x)
        at = at + block.start - (WORDS - 1)
        self._hash = np.concatenate([self._hash, hashes])[-MARKS_MAX:]
        self._at = np.concatenate([self._at, at])[-MARKS_MAX:]
        kept = self._at > block.start - LOOK_BACK_S * rate
        self._hash, self._at = self._hash[kept], self._at[kept]
        found = self._find(rate)
        if found is None or found[0] <= self._told:
            self._alarm.feed(0, bad=False, step_s=STEP_S)
            return
        begin, lag, length = found
        # Two buffers' time must pass before another repetition is another event.
        self._told = begin + lag + length
        score = self._events.count(begin / rate)
        since_ms = block.time_ms(begin)
        if score and self._alarm.feed(since_ms, bad=True, step_s=STEP_S):
            lag_ms = 1000.0 * lag / rate
            yield Verdict(
                kind=Kind.REPEAT,
                since_ms=since_ms,
                said_ms=block.time_ms(block.start + block.grid.size),
                score=score,
                measured=round(lag_ms, 1),
                unit="ms",
                sentence=f"the same {1000.0 * length / rate:.0f} ms were played again "
                f"{lag_ms:.0f} ms later",
            )

    def _find(self, rate: int) -> tuple[int, int, int] | None:
        """Return first frame, lag and length of the longest repetition in memory, or None."""
        order = np.argsort(self._hash, kind="stable")
        same = np.flatnonzero(np.diff(self._hash[order]) == 0)
        if same.size < LEAST_MARKS:
            return None
        later, earlier = self._at[order[same + 1]], self._at[order[same]]
        lags, counts = np.unique(later - earlier, return_counts=True)
        lag = int(lags[counts.argmax()])
        if counts.max() < LEAST_MARKS:
            return None
        at = np.sort(later[later - earlier == lag])
        length = int(at[-1] - at[0])
        return (int(at[0]), lag, length) if length >= LEAST_S * rate else None


def mark(x: Singles) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Return hash and last frame of each mark; where nothing moves there is none."""
    bits = np.ascontiguousarray(x, dtype=np.float32).view(np.uint32)
    n = len(x) - WORDS + 1
    # The lowest bits of decoded samples are as good as random: a cheap choice of one in 32.
    chosen = (bits[:n] * np.uint32(0x9E3779B1)) >> np.uint32(32 - ONE_IN_BITS) == 0
    at = np.flatnonzero(chosen)
    at = at[(np.abs(x[at]) > FAINT) & (x[at] != x[at + 1])]
    mixed = np.zeros(len(at), dtype=np.uint64)
    for word in range(WORDS):
        mixed ^= bits[at + word].astype(np.uint64) * MULTIPLIERS[word]
        mixed ^= mixed >> np.uint64(29)
    return mixed, at + WORDS - 1
