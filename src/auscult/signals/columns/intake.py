"""Samples come in, are judged by Prometheus' rules, and leave as derived columns.

A sample older than the newest of its series is out of order; one of the same time is a duplicate,
unless it says the same value again; one more than ten minutes ahead of now is refused and leaves
no trace, so that a wrong clock cannot lock its series out. A stale marker (compared by bits) ends
a series; NaN and infinities are counted and reach nobody. Counters become rates per second; a
negative delta is a reset and gives nothing, as does a first sample.

Everything is done on whole columns. The state is the newest raw sample of each slot.
"""

from dataclasses import dataclass, fields

import numpy as np

from auscult.kernel.samples import STALE_NAN_BITS, SampleBatch, Slots, Times, Values
from auscult.kernel.words import TenantId
from auscult.signals.columns.rates import derive_values
from auscult.signals.columns.rings import RING_POINTS, Rings
from auscult.signals.columns.samples import (
    SampleColumns,
    join_columns,
    sort_by_slot,
    split_rounds,
)
from auscult.signals.columns.verdict import Verdict, chain_samples, value_bits
from auscult.signals.series.kinds import Kind
from auscult.signals.series.limits import AHEAD_MS_MAX
from auscult.signals.series.registry import Registry


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of the samples of a batch; the six numbers add up to its length.

    accepted: in order and finite, or said again with the same value. stale: stale markers.
    non_finite: NaN and infinities in order; noted as seen, passed on to nobody.
    """

    accepted: int = 0
    out_of_order: int = 0
    duplicate: int = 0
    too_far_ahead: int = 0
    stale: int = 0
    non_finite: int = 0

    @property
    def refused(self) -> int:
        """How many samples the sender should hear were not taken."""
        return self.out_of_order + self.duplicate + self.too_far_ahead

    def __add__(self, other: "Accepted") -> "Accepted":
        """Return the sums."""
        return Accepted(
            *(getattr(self, entry.name) + getattr(other, entry.name) for entry in fields(self))
        )


@dataclass(frozen=True, slots=True)
class Columns:
    """Derived samples, ordered by slot and by time within a slot.

    slots int32[n], at_ms int64[n], value float64[n] (finite; counters as rate per second).
    stale_slots int32[s]: series that ended, ascending, each once. reset_slots int32[r]: slots whose
    history means nothing any more (given to another series, or found to be a counter):
    whoever keeps state per slot resets it before applying the rest.
    """

    slots: Slots
    at_ms: Times
    value: Values
    stale_slots: Slots
    reset_slots: Slots

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.slots)


class Intake:
    """The newest raw sample of each slot, and the columns derived since the last drain.

    last_ms int64[capacity]: time of the newest sample in order, 0 where there is none.
    last_raw float64[capacity]: its value as it was sent. Not safe for several threads: the ingest
    thread alone calls `accept`, `drain`, `reset` and `evict_idle`.
    """

    def __init__(self, registry: Registry, rings: Rings) -> None:
        self.registry = registry
        self.rings = rings
        self.last_ms = np.zeros(registry.capacity, dtype=np.int64)
        self.last_raw = np.zeros(registry.capacity, dtype=np.float64)
        self._mark = np.zeros(registry.capacity, dtype=np.int32)
        self._derived: list[SampleColumns] = []
        self._stale: list[Slots] = []
        self._reset: list[Slots] = []
        registry.evict_by(self.evict_idle)

    def accept(self, batch: SampleBatch, *, now_ms: int) -> Accepted:
        """Take a batch of one tenant; the samples of one slot in the order they were sent."""
        columns = SampleColumns(batch.slots.astype(np.intp), batch.at_ms, batch.value)
        if not len(columns):
            return Accepted()
        self.registry.touched_ms[columns.slots] = now_ms
        too_far_ahead = 0
        if columns.at_ms.max() > now_ms + AHEAD_MS_MAX:
            ahead = columns.at_ms > now_ms + AHEAD_MS_MAX
            too_far_ahead = int(np.count_nonzero(ahead))
            columns = columns.where(~ahead)
        verdict = self._judge(columns)
        kept = verdict.samples
        if not verdict.none_refused:
            kept = kept.where(verdict.in_order)
        self.last_ms[kept.slots] = kept.at_ms
        self.last_raw[kept.slots] = kept.value
        finite = np.isfinite(kept.value)
        finite_n = int(np.count_nonzero(finite))
        stale_n = 0 if finite_n == len(kept) else self._end_series(kept.where(~finite))
        self._derive(verdict)
        return Accepted(
            accepted=finite_n + verdict.repeated_n,
            out_of_order=len(columns) - len(kept) - verdict.repeated_n - verdict.duplicate_n,
            duplicate=verdict.duplicate_n,
            too_far_ahead=too_far_ahead,
            stale=stale_n,
            non_finite=len(kept) - finite_n - stale_n,
        )

    def drain(self) -> Columns:
        """Return what was derived since the last drain, and begin anew."""
        derived, self._derived = self._derived, []
        stale, self._stale = self._stale, []
        reset, self._reset = self._reset, []
        samples = sort_by_slot(join_columns(derived))
        ended = _distinct(stale)
        ended = ended[value_bits(self.last_raw[ended]) == STALE_NAN_BITS]
        slots = samples.slots.astype(np.int32)
        return Columns(slots, samples.at_ms, samples.value, ended, _distinct(reset))

    def reset(self, slots: Slots) -> None:
        """Forget what the slots' rings and last values mean, and tell so at the next drain."""
        self.rings.clear(slots)
        self.last_ms[slots] = 0
        self._reset.append(slots)

    def newest(self) -> tuple[Times, Values]:
        """Return copies of `last_ms` and `last_raw` of every slot in use."""
        used = slice(0, self.registry.high)
        return self.last_ms[used].copy(), self.last_raw[used].copy()

    def resume(self, slots: Slots, at_ms: Times, raw: Values) -> None:
        """Take the newest samples from before a restart, so that a counter loses no rate by it.

        slots, at_ms int64 and raw float64 of one length.
        """
        self.last_ms[slots] = at_ms
        self.last_raw[slots] = raw

    def evict_idle(self, tenant: TenantId, *, now_ms: int) -> int:
        """Free the tenant's series that nobody sent or asked for during `limits.idle_ms`.

        The registry asks for this by itself when a tenant has no room for a new series.
        """
        slots = self.registry.slots_of(tenant)
        before_ms = now_ms - self.registry.limits.idle_ms
        idle = slots[self.registry.touched_ms[slots] < before_ms]
        self.registry.retire(idle.tolist())
        self.reset(idle)
        return len(idle)

    def _judge(self, samples: SampleColumns) -> Verdict:
        """Compare each sample with the newest before it, in its series or in the batch itself."""
        order = np.arange(len(samples), dtype=np.int32)
        self._mark[samples.slots] = order
        if not (self._mark[samples.slots] == order).all():
            samples = sort_by_slot(samples)
            before = self.last_ms[samples.slots], self.last_raw[samples.slots]
            return chain_samples(samples, *before)
        return Verdict(samples, self.last_ms[samples.slots], self.last_raw[samples.slots])

    def _end_series(self, samples: SampleColumns) -> int:
        """Take the stale markers among samples in order; return how many there are."""
        ended = value_bits(samples.value) == STALE_NAN_BITS
        stale = samples.slots[ended].astype(np.int32)
        if len(stale):
            self._stale.append(stale)
        return len(stale)

    def _derive(self, verdict: Verdict) -> None:
        """Turn what is in order and finite into derived values, and keep them in the rings."""
        samples = verdict.samples
        counting = self.registry.kinds[samples.slots] == Kind.COUNTER
        value = derive_values(verdict, counting)
        derived = SampleColumns(samples.slots, samples.at_ms, value)
        usable = verdict.in_order & np.isfinite(samples.value) & np.isfinite(value)
        if not usable.all():
            derived = derived.where(usable)
        if len(derived):
            self._derived.append(derived)
            for part in split_rounds(derived, RING_POINTS):
                self.rings.write(part.slots, part.at_ms, part.value)


def _distinct(parts: list[Slots]) -> Slots:
    return np.unique(np.concatenate([np.zeros(0, np.int32), *parts]))
