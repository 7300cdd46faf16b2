"""Events counted by group: counters that only rise, and means over what came since last told.

Events come in bodies and lines, at any time; series want one sample each every few seconds. A tally
stands between: it adds up whole columns of events, and tells what they come to when it is asked.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auscult.kernel.errors import SampleRefused, SeriesCapReached
from auscult.kernel.samples import Slots, Times, Values
from auscult.kernel.words import Labels
from auscult.signals.series.kinds import Kind

ROWS_MAX = 2_000
"""Groups of one tally that are told apart; events of all further ones are told as one."""

IDLE_MS_MAX = 3_600_000
"""A group in which nothing happened for this long makes room for another, where there is none.

Until then it is told of: a counter that stands still is quiet, one that is not told is gone.
"""

_LOOK_MS = 60_000
"""How often idle groups are looked for at most."""

Rows = NDArray[np.intp]
SlotOf = Callable[[Labels, Kind], int]
"""Gives the slot of a label set; raises `SampleRefused`, `SeriesCapReached`."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One series of each group. A mean is a gauge, told where something came to be averaged."""

    name: str
    is_mean: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """Samples as columns of one length, and how many series there was no room for."""

    slots: Slots
    at_ms: Times
    value: Values
    refused: int = 0


class Tally:
    """What the events of each group add up to: `measures` of one tenant.

    other: the labels of everything that came when `rows_max` groups were there. Counters rise from
    the start of the process on. One thread at a time.
    """

    def __init__(
        self, measures: Sequence[Measure], *, other: Labels, rows_max: int = ROWS_MAX
    ) -> None:
        self.measures = tuple(measures)
        self._max = rows_max
        self._rows: dict[Hashable, int] = {}
        self._labels: list[Labels] = [other]
        self._sums = np.zeros((len(measures), rows_max + 1))
        self._weights = np.zeros((len(measures), rows_max + 1))
        self._looked_ms = 0
        self._seen_ms = np.full(rows_max + 1, -1, dtype=np.int64)

    def __len__(self) -> int:
        """Return how many groups are told apart."""
        return len(self._labels) - 1

    def rows(
        self, keys: Iterable[Hashable], labels_of: Callable[[Hashable], Labels], *, now_ms: int
    ) -> Rows:
        """Return the row of each key, made where it is new by the labels that it stands for.

        What stands in rows may move with the next call of this.
        """
        keys = list(keys)
        if len(self._labels) + len(set(keys) - self._rows.keys()) > self._max + 1:
            self._forget_idle(now_ms)
        found = np.array([self._row(key, labels_of) for key in keys], dtype=np.intp)
        self._seen_ms[found] = now_ms
        return found

    def add(
        self, measure: int, rows: Rows, amounts: Values, *, weights: Values | None = None
    ) -> None:
        """Add amounts float64[n] to rows intp[n] of a measure, which may come more than once.

        weights: for a mean, of how many events each amount is the sum; one where not given.
        """
        np.add.at(self._sums[measure], rows, amounts)
        np.add.at(self._weights[measure], rows, 1.0 if weights is None else weights)

    def tell(self, slot_of: SlotOf, *, now_ms: int) -> Told:
        """Return one sample of each series, and begin every mean anew."""
        n = len(self._labels)
        slots: list[int] = []
        values: list[float] = []
        refused = 0
        for place, measure in enumerate(self.measures):
            sums, weights = self._sums[place, :n], self._weights[place, :n]
            told = weights > 0 if measure.is_mean else self._seen_ms[:n] >= 0
            rows = np.flatnonzero(told)
            value = sums[rows] / weights[rows] if measure.is_mean else sums[rows]
            for row, one in zip(rows.tolist(), value.tolist(), strict=True):
                slot = self._slot(slot_of, row, measure)
                refused += slot < 0
                if slot >= 0:
                    slots.append(slot)
                    values.append(one)
            if measure.is_mean:
                sums[:], weights[:] = 0.0, 0.0
        at_ms = np.full(len(slots), now_ms, dtype=np.int64)
        return Told(np.array(slots, dtype=np.int32), at_ms, np.array(values), refused)

    def _slot(self, slot_of: SlotOf, row: int, measure: Measure) -> int:
        labels = tuple(sorted((*self._labels[row], ("__name__", measure.name))))
        try:
            return slot_of(labels, Kind.GAUGE if measure.is_mean else Kind.COUNTER)
        except (SampleRefused, SeriesCapReached):
            return -1

    def _row(self, key: Hashable, labels_of: Callable[[Hashable], Labels]) -> int:
        row = self._rows.get(key)
        if row is not None:
            return row
        if len(self._labels) > self._max:
            return 0
        self._labels.append(labels_of(key))
        row = self._rows[key] = len(self._labels) - 1
        return row

    def _forget_idle(self, now_ms: int) -> None:
        """Make room for other groups; the rows that stay are moved together."""
        if abs(now_ms - self._looked_ms) < _LOOK_MS:
            return
        self._looked_ms = now_ms
        n = len(self._labels)
        stays = self._seen_ms[:n] >= now_ms - IDLE_MS_MAX
        stays[0] = True
        if stays.all():
            return
        stay = np.flatnonzero(stays)
        moved = {old: new for new, old in enumerate(stay.tolist())}
        self._rows = {key: moved[row] for key, row in self._rows.items() if row in moved}
        self._labels = [self._labels[row] for row in stay.tolist()]
        for column, empty in (
            *((one, 0) for one in (*self._sums, *self._weights)),
            (self._seen_ms, -1),
        ):
            column[: len(stay)] = column[stay]
            column[len(stay) : n] = empty
