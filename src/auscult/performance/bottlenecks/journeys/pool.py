"""The last spans of a tenant, held until their children have come too; bounded in number and age.

A called side reports by itself, some seconds before or after the caller. So nothing is judged when
it comes: the pool learns how much later children come than their parents, and holds each span for
that long.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from auscult.kernel.telemetry import SpanColumns
from auscult.performance.bottlenecks.journeys.lookup import Lookup

SPANS_MAX = 200_000
AGE_MS_MAX = 60_000
LOOK_SPANS_MAX = 50_000
TRACE_SPANS_MAX = 5_000
"""Spans of one trace that one look takes: a trace of a million spans must not hide the others."""

HOLD_MS_MIN, HOLD_MS_FIRST, HOLD_MS_MAX = 2_000, 6_000, 10_000
"""How long a span is held; a batch processor of OpenTelemetry waits up to 5 s by default."""

_COVER_S = 15.0
"""Traces are left out where the pool would hold less than this of what comes."""

_FILED_SPANS, _FILED_MS = 8_192, 10_000
_LATE_QUANTILE = 0.98
_LATE_RISES, _LATE_FALLS = 0.2, 0.01
_ODD_1, _ODD_2 = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)
_TOP = np.uint64(32)

Words = NDArray[np.uint64]
Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Spans:
    """n spans without their messages; the columns of `SpanColumns`.

    came_ms int64[n]: when they were first seen here. key, above uint64[n]: span and parent, each
    mixed with the trace, for some senders number the spans of each trace anew; 0 without a parent.
    """

    trace: Words
    key: Words
    above: Words
    service: NDArray[np.int32]
    name: NDArray[np.int32]
    kind: NDArray[np.int8]
    start_ns: NDArray[np.int64]
    lasts_ns: NDArray[np.int64]
    failed: NDArray[np.bool_]
    came_ms: NDArray[np.int64]

    def __len__(self) -> int:
        """Return the number of spans."""
        return len(self.key)

    def pick(self, rows: Rows | NDArray[np.bool_]) -> "Spans":
        """Return some of them."""
        return Spans(*(getattr(self, one.name)[rows] for one in fields(self)))


def read_spans(columns: SpanColumns, *, now_ms: int) -> Spans:
    """Return the columns of one request as they are needed here."""
    low = columns.trace[:, 0] * _ODD_1 ^ columns.trace[:, 1]
    has_parent = columns.parent != 0
    return Spans(
        trace=columns.trace,
        key=columns.span * _ODD_2 ^ low,
        above=np.where(has_parent, columns.parent * _ODD_2 ^ low, np.uint64(0)),
        service=columns.service,
        name=columns.name,
        kind=columns.kind,
        start_ns=columns.start_ns,
        lasts_ns=columns.duration_ns,
        failed=columns.failed,
        came_ms=np.full(len(columns), now_ms, dtype=np.int64),
    )


def join(parts: Sequence[Spans]) -> Spans:
    """Return all of them, in order; at least one."""
    if len(parts) == 1:
        return parts[0]
    return Spans(*(np.concatenate([getattr(p, one.name) for p in parts]) for one in fields(Spans)))


class Pool:
    """What came lately. share: of all traces, those that are looked at; whole traces are left out.

    left_out, twice: spans not looked at for want of room, and those that came more than once.
    """

    def __init__(self, spans_max: int = SPANS_MAX) -> None:
        self.share = 1.0
        self.left_out = 0
        self.twice = 0
        self._max = spans_max
        self._kept: list[Spans] = []
        self._judged = 0
        self._rate = 0.0
        self._looked_ms = 0
        self._late_ms = HOLD_MS_FIRST / 1.3

    def __len__(self) -> int:
        """Return how many spans are held."""
        return sum(map(len, self._kept))

    @property
    def hold_ms(self) -> int:
        """How long a span waits for its children."""
        return int(np.clip(1.3 * self._late_ms, HOLD_MS_MIN, HOLD_MS_MAX))

    def all(self) -> Spans | None:
        """Return everything that is held, the oldest first."""
        if len(self._kept) > 1:
            return join(self._kept)
        return self._kept[0] if self._kept else None

    def add(self, columns: Sequence[SpanColumns], *, now_ms: int) -> None:
        """Take what came since the last look."""
        self._trim(now_ms)
        parts = [read_spans(one, now_ms=now_ms) for one in columns if len(one)]
        self._adapt(sum(map(len, parts)), now_ms)
        if not parts:
            return
        new = self._choose(join(parts))
        new = self._once(new)
        if len(new):
            self._note_lateness(new)
            self._kept.append(new)

    def take_due(self, now_ms: int) -> Spans | None:
        """Return the spans whose children have come by now, each once; None where there is none."""
        due: list[Spans] = []
        hold_ms = self.hold_ms
        while self._judged < len(self._kept):
            block = self._kept[self._judged]
            if block.came_ms[0] > now_ms - hold_ms:
                break
            due.append(block)
            self._file(block)
        return join(due) if due else None

    def _file(self, block: Spans) -> None:
        """Put a block that was judged together with the one before it, where both are small."""
        before = self._kept[self._judged - 1] if self._judged else None
        if (
            before is not None
            and len(before) + len(block) <= _FILED_SPANS
            and block.came_ms[0] - before.came_ms[0] <= _FILED_MS
        ):
            self._kept[self._judged - 1 : self._judged + 1] = [join([before, block])]
        else:
            self._judged += 1

    def reach_ms(self, now_ms: int) -> int:
        """Return how far back the pool knows: what lasted longer may have lost its children."""
        return now_ms - int(self._kept[0].came_ms[0]) if self._kept else 0

    def _trim(self, now_ms: int) -> None:
        count = len(self)
        while self._kept and (
            count > self._max or int(self._kept[0].came_ms[0]) < now_ms - AGE_MS_MAX
        ):
            count -= len(self._kept.pop(0))
            self._judged = max(self._judged - 1, 0)

    def _adapt(self, count: int, now_ms: int) -> None:
        """Choose a share of the traces by the rate at which spans come."""
        past_s = max((now_ms - self._looked_ms) / 1e3, 0.05) if self._looked_ms else 1.0
        self._looked_ms = now_ms
        self._rate += min(past_s / 5, 1.0) * (count / past_s - self._rate)
        self.share = min(1.0, self._max / max(self._rate * _COVER_S, 1.0))

    def _choose(self, new: Spans) -> Spans:
        if self.share < 1.0:
            mixed = (new.trace[:, 0] ^ new.trace[:, 1] * _ODD_2) * _ODD_1
            new = self._keep(new, (mixed >> _TOP) < np.uint64(self.share * 2**32))
        if len(new) > LOOK_SPANS_MAX:
            order = np.argsort(new.trace[:, 0], kind="stable")
            _, first = np.unique(new.trace[order, 0], return_index=True)
            counts = np.diff(np.append(first, len(order)))
            place = np.arange(len(order)) - np.repeat(first, counts)
            chosen = np.zeros(len(new), dtype=np.bool_)
            chosen[order[place < TRACE_SPANS_MAX]] = True
            chosen &= np.cumsum(chosen) <= LOOK_SPANS_MAX
            new = self._keep(new, chosen)
        return new

    def _keep(self, new: Spans, chosen: NDArray[np.bool_]) -> Spans:
        self.left_out += int(len(new) - np.count_nonzero(chosen))
        return new.pick(chosen)

    def _once(self, new: Spans) -> Spans:
        """Leave out what came before."""
        keys, first = np.unique(new.key, return_index=True)
        fresh = np.ones(len(keys), dtype=np.bool_)
        known = Lookup(keys)
        for block in self._kept:
            fresh[known.find(block.key)[1]] = False
        if fresh.all() and len(keys) == len(new):
            return new
        self.twice += len(new) - int(np.count_nonzero(fresh))
        return new.pick(np.sort(first[fresh]))

    def _note_lateness(self, new: Spans) -> None:
        """Learn how much later than their parents the first children come."""
        late: list[NDArray[np.int64]] = []
        parents = Lookup(np.unique(new.above[new.above != 0]))
        now_ms = int(new.came_ms[0])
        late += [now_ms - one.came_ms[parents.find(one.key)[0]] for one in self._kept]
        together = len(parents.find(new.key)[0])
        late.append(np.zeros(together, dtype=np.int64))
        all_ms = np.concatenate(late)
        if len(all_ms):
            seen_ms = float(np.quantile(all_ms, _LATE_QUANTILE))
            rate = _LATE_RISES if seen_ms > self._late_ms else _LATE_FALLS
            self._late_ms += rate * (seen_ms - self._late_ms)
