"""Spans for tests, told as their hosts would, and a stream of them for a monitor to look at."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from auscult.detection.remarks import Remark
from auscult.kernel.matchers import Matcher
from auscult.kernel.telemetry import SpanColumns, SpanKind
from auscult.kernel.words import TenantId
from auscult.performance.monitors.pipeline import Pipeline, PipelineLookout
from auscult.performance.port import View, Window
from auscult.signals.traces import Names

ONE = TenantId("acme")
NOW_MS = 1_795_000_000_000
SERVER, CLIENT = SpanKind.SERVER, SpanKind.CLIENT
PRODUCER, CONSUMER = SpanKind.PRODUCER, SpanKind.CONSUMER


@dataclass(frozen=True)
class Told:
    """One span; times in seconds after `NOW_MS`."""

    trace: int
    span: int
    parent: int
    service: str
    begin_s: float
    lasts_s: float
    kind: SpanKind = SERVER
    name: str = "GET"
    failed: bool = False


def columns(names: Names, spans: Iterable[Told]) -> SpanColumns:
    rows = list(spans)
    start_ns = np.array([NOW_MS * 10**6 + round(one.begin_s * 1e9) for one in rows], dtype=np.int64)
    return SpanColumns(
        trace=np.array([(one.trace, one.trace) for one in rows], dtype=np.uint64).reshape(-1, 2),
        span=np.array([one.span for one in rows], dtype=np.uint64),
        parent=np.array([one.parent for one in rows], dtype=np.uint64),
        service=names.numbers([one.service.encode() for one in rows]),
        name=names.numbers([one.name.encode() for one in rows]),
        kind=np.array([one.kind for one in rows], dtype=np.int8),
        start_ns=start_ns,
        end_ns=start_ns + np.array([round(one.lasts_s * 1e9) for one in rows], dtype=np.int64),
        failed=np.array([one.failed for one in rows], dtype=np.bool_),
        at=np.zeros(len(rows), dtype=np.int64),
        size=np.zeros(len(rows), dtype=np.int32),
        raw=b"",
    )


Second = Callable[[int, np.random.Generator], Iterable[Told]]
"""What ends in a second, by its number."""

Series = Callable[[tuple[Matcher, ...]], Sequence[Window]]


@dataclass
class Stand:
    """A lookout that looks once a second at what a platform tells."""

    second: Second
    series: Series = lambda _: ()
    names: Names = field(default_factory=Names)
    lookout: PipelineLookout = field(default_factory=lambda: Pipeline().begin())
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(7))
    at_s: int = 0

    def look(self, seconds: int) -> Iterator[list[Remark]]:
        for _ in range(seconds):
            spans = list(self.second(self.at_s, self.rng))
            bodies = [columns(self.names, spans)] if spans else []
            now_ms = NOW_MS + self.at_s * 1_000
            view = View(ONE, now_ms, spans=bodies, names=self.names, series=self.series)
            self.at_s += 1
            yield list(self.lookout.look(view))

    def run(self, seconds: int) -> list[Remark]:
        """Look for so long; return what is said at the end."""
        return list(self.look(seconds))[-1]

    def first(self, seconds: int) -> tuple[Remark, int] | None:
        """Return what is said first within the time, and after how many seconds."""
        looks = enumerate(self.look(seconds), start=1)
        return next(((said[0], after) for after, said in looks if said), None)
