"""The intake on columns does what one would do sample by sample."""

import struct
from dataclasses import dataclass, field

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from auscult.kernel.samples import SampleBatch
from auscult.signals import Accepted, Intake, Registry, Rings, SeriesLimits
from tests.unit.signals.sink import NOW_MS, ONE, columns
from tests.unit.signals.wire import STALE, label_set

NAMES = ("a", "b_total", "c", "d_total")
AHEAD_MS = 600_000

times = st.integers(NOW_MS - 6, NOW_MS + 6) | st.sampled_from(
    [NOW_MS + AHEAD_MS, NOW_MS + AHEAD_MS + 1, 0, -7]
)
values = st.sampled_from([0.0, 1.0, 5.0, -2.0, STALE, float("nan"), float("inf")]) | st.floats(
    -1e30, 1e30, allow_nan=False, width=64
)
batches = st.lists(
    st.lists(st.tuples(st.integers(0, 3), times, values), max_size=12), min_size=1, max_size=5
)


@dataclass
class Model:
    """Prometheus' rules, one sample at a time."""

    newest: dict[int, tuple[int, float]] = field(default_factory=dict)
    derived: list[tuple[int, int, float]] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    def take(self, slot: int, at_ms: int, value: float) -> None:
        reason = self.judge(slot, at_ms, value)
        self.counts[reason] = self.counts.get(reason, 0) + 1

    def judge(self, slot: int, at_ms: int, value: float) -> str:
        if at_ms > NOW_MS + AHEAD_MS:
            return "too_far_ahead"
        last_ms, last = self.newest.get(slot, (0, 0.0))
        if at_ms == last_ms > 0:
            return "accepted" if bits(value) == bits(last) else "duplicate"
        if at_ms <= last_ms:
            return "out_of_order"
        self.newest[slot] = (at_ms, value)
        if bits(value) == bits(STALE):
            return "stale"
        if not np.isfinite(value):
            return "non_finite"
        if not NAMES[slot].endswith("_total"):
            self.derived.append((slot, at_ms, value))
        elif last_ms > 0 and np.isfinite(last) and value >= last:
            self.derived.append((slot, at_ms, (value - last) / ((at_ms - last_ms) / 1000)))
        return "accepted"


def bits(value: float) -> bytes:
    return struct.pack("<d", value)


@given(batches, st.booleans())
def test_columns_are_judged_and_derived_as_samples_one_by_one(
    sent: list[list[tuple[int, int, float]]], drain_each: bool
) -> None:
    registry = Registry(SeriesLimits(per_process=8))
    rings = Rings(8)
    intake = Intake(registry, rings)
    for name in NAMES:
        registry.slot(ONE, label_set(name), now_ms=NOW_MS)
    model, drained, total = Model(), [], Accepted()
    for rows in sent:
        total += intake.accept(SampleBatch(ONE, *columns(rows)), now_ms=NOW_MS)
        for row in rows:
            model.take(*row)
        if drain_each:
            drained.append(intake.drain())
    drained.append(intake.drain())
    got = [
        row
        for out in drained
        for row in zip(out.slots.tolist(), out.at_ms.tolist(), out.value.tolist(), strict=True)
    ]
    assert sorted(got) == sorted(model.derived)
    assert drain_each or got == sorted(model.derived)
    assert {name: count for name, count in vars_of(total).items() if count} == model.counts
    for slot in range(len(NAMES)):
        wanted = [(at_ms, np.float32(value)) for at, at_ms, value in model.derived if at == slot]
        at_ms, value = rings.window(slot)
        assert value.tolist() == [value for _, value in wanted]
        assert all(0 <= true - kept < 250 for kept, (true, _) in zip(at_ms, wanted, strict=True))
    ended = {slot for slot, (_, value) in model.newest.items() if bits(value) == bits(STALE)}
    assert drain_each or set(drained[-1].stale_slots.tolist()) == ended


def vars_of(accepted: Accepted) -> dict[str, int]:
    return {name: getattr(accepted, name) for name in Accepted.__slots__}
