"""One tenant's bottlenecks: spans and load come in, verdicts and the standing come out."""

import numpy as np
from numpy.typing import NDArray

from auscult.kernel.telemetry import SpanColumns
from auscult.performance.bottlenecks.blame import Raised, Verdict, find_explained, lay_blame
from auscult.performance.bottlenecks.journeys.graph import CallGraph
from auscult.performance.bottlenecks.journeys.places import PlaceKind, Places, Rows
from auscult.performance.bottlenecks.journeys.pool import Pool
from auscult.performance.bottlenecks.journeys.visits import Visitor, Visits
from auscult.performance.bottlenecks.journeys.ways import Ways
from auscult.performance.bottlenecks.load.gauges import Gauges, Series
from auscult.performance.bottlenecks.standing import (
    CallStanding,
    StageStanding,
    Standing,
    Traffic,
)
from auscult.performance.bottlenecks.usual.changes import (
    FELT_SHARE,
    LEARNS_MS,
    LEARNS_VISITS,
    LEAST_ADDED_S,
    Changes,
    Seen,
)
from auscult.performance.bottlenecks.usual.habits import Habits, bin_of, quantiles
from auscult.performance.bottlenecks.usual.recent import Recent
from auscult.signals.traces import Names

WITHHELD_MS = 10_000
"""How long what is slow is not told while something below it is suspected."""

Doubles = NDArray[np.float64]


class BottleneckWatch:
    """The memory of one tenant. One thread at a time looks."""

    def __init__(self) -> None:
        self.names = Names()
        self.pool = Pool()
        self.places = Places()
        self.graph = CallGraph()
        self.habits = Habits()
        self.changes = Changes()
        self.recent = Recent()
        self.ways = Ways()
        self.gauges = Gauges()
        self._traffic = Traffic()
        self._visitor = Visitor(self.places)
        self._now_ms = 0

    def look(
        self, spans: list[SpanColumns], names: Names, series: Series, *, now_ms: int
    ) -> list[Verdict]:
        """Take what came since the last look; return who is to blame now, the worst first."""
        self.names, self._now_ms = names, now_ms
        self._traffic.count(spans, now_ms=now_ms)
        self.pool.add(spans, now_ms=now_ms)
        due, pool = self.pool.take_due(now_ms), self.pool.all()
        if due is not None and pool is not None:
            limits_ms = (self.pool.hold_ms, self.pool.reach_ms(now_ms))
            judged = self._visitor.visit(due, pool, now_ms=now_ms, limits_ms=limits_ms)
            self._link(judged.edges)
            self._take(judged.visits)
        if self.recent.close(now_ms):
            self._settle()
        self.gauges.ask(series, now_ms=now_ms)
        limiting = self.gauges.limiting()
        lag_s = {one: self.gauges.load(one).loop_lag_rise_s for one in self.gauges.services}
        return lay_blame(self._raised(), limiting, self.graph, lag_s=lag_s)

    def _raised(self) -> list[Raised]:
        """Return what is slow; not what something suspected below it may yet turn out to be why of.

        It is waited for `WITHHELD_MS` at most.
        """
        changes = self.changes
        raised = self._tell(changes.alarmed)
        suspected = self._tell(changes.is_suspected)
        fresh = [one for one in raised if self._now_ms - changes.alarm_ms[one.row] < WITHHELD_MS]
        withheld = {one.row for one in find_explained(fresh, suspected, self.graph)}
        return [one for one in raised if one.row not in withheld]

    def standing(self) -> Standing:
        """Return how each service stands as of the last look."""
        by_service = self._rows_by_service()
        names = {self.names.text(one): one for one in self._traffic.services}
        known = sorted(names.keys() | by_service.keys() | set(self.gauges.services))
        ways = [(row, place) for row, place in self.places.items() if place.kind is PlaceKind.LINK]
        way_s = {
            (self.names.text(place.about), self.names.text(place.service)): self._p95_s(row)
            for row, place in ways
        }
        return Standing(
            at_ms=self._now_ms,
            services=tuple(self._service(one, names.get(one), by_service) for one in known),
            calls=tuple(CallStanding(*edge, way_s.get(edge)) for edge in self.graph.edges),
            share=self.pool.share,
            spans_left_out=self.pool.left_out,
            spans_twice=self.pool.twice,
        )

    def usual(self, row: int) -> tuple[float, float]:
        """Return the 5th and the 95th percentile of what a place usually takes, in seconds."""
        counts = self.habits.counts[row : row + 1]
        return float(quantiles(counts, 0.05)[0]), float(quantiles(counts, 0.95)[0])

    def _take(self, visits: Visits) -> None:
        now_ms = self._now_ms
        self._fit()
        chosen = visits.row > 0
        visits = Visits(visits.trace[chosen], visits.row[chosen], visits.value_s[chosen])
        if not len(visits):
            return
        self.ways.add(visits, now_ms=now_ms)
        bins = bin_of(visits.value_s)
        self.recent.add(visits.row, bins)
        rows, at = np.unique(visits.row, return_inverse=True)
        count = np.bincount(at).astype(np.float64)
        score = np.bincount(at, self.habits.score(visits.row, bins)) / count
        seen = Seen(rows, count, score, np.bincount(at, visits.value_s) / count)
        calm = self.changes.step(seen, self.habits.mean_s[rows], self._felt_s(rows), now_ms=now_ms)
        learnt = calm[at]
        self.habits.learn(visits.row[learnt], bins[learnt], now_ms=now_ms)

    def _felt_s(self, rows: Rows) -> Doubles:
        """Return how much more of each place a whole request feels; never where it is not known."""
        known_ms = self._now_ms - self.changes.known_ms[rows]
        is_known = (known_ms >= LEARNS_MS) & (self.habits.visits[rows] >= LEARNS_VISITS)
        is_known &= (self.changes.known_ms[rows] > 0) & ~np.isnan(self.ways.log_way[rows])
        share_s = FELT_SHARE * np.exp(np.nan_to_num(self.ways.log_way[rows]))
        felt: Doubles = np.where(is_known, np.maximum(share_s, LEAST_ADDED_S), np.inf)
        return felt

    def _fit(self) -> None:
        """Have a row for each place, and nothing of places that were given up."""
        size = len(self.places)
        for part in (self.habits, self.changes, self.recent, self.ways):
            part.grow(size)
            if self.places.freed:
                part.reset(self.places.freed)
        self.places.freed.clear()

    def _settle(self) -> None:
        for row in self.changes.expire(self._now_ms):
            self.habits.reset([row])
            self.changes.reset([row])
        self.habits.settle()
        self.ways.learn(self.changes.is_calm)
        self.graph.forget(self._now_ms)

    def _link(self, edges: NDArray[np.int64]) -> None:
        text = self.names.text
        pairs = [(text(a), text(b)) for a, b in edges.tolist() if a and b]
        self.graph.add(pairs, now_ms=self._now_ms)

    def _tell(self, chosen: NDArray[np.bool_]) -> list[Raised]:
        changes, raised = self.changes, []
        for row in np.flatnonzero(chosen).tolist():
            place = self.places[row]
            one = Raised(
                row=row,
                kind=place.kind,
                service=self.names.text(place.service),
                about=self.names.text(place.about) if place.about else "",
                mean_s=float(changes.mean_s[row]),
                usual_s=float(self.habits.mean_s[row]),
                since_ms=int(changes.began_ms[row]),
                evidence=float(changes.evidence[row]),
            )
            raised.append(one)
        return raised

    def _rows_by_service(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for row, place in self.places.items():
            if place.kind is PlaceKind.WORK and row < len(self.recent.counts):
                found.setdefault(self.names.text(place.service), []).append(row)
        return found

    def _p95_s(self, row: int) -> float | None:
        return _first(quantiles(self.recent.counts[row : row + 1], 0.95))

    def _service(
        self, service: str, number: int | None, by_service: dict[str, list[int]]
    ) -> StageStanding:
        rate, errors = self._traffic.of(number) if number is not None else (0.0, 0.0)
        rows = by_service.get(service, [])
        counts = self.recent.counts[rows].sum(axis=0, keepdims=True)
        load = self.gauges.load(service)
        return StageStanding(
            service=service,
            rate_per_s=rate,
            error_share=errors,
            self_time_p50_s=_first(quantiles(counts, 0.5)),
            self_time_p95_s=_first(quantiles(counts, 0.95)),
            cpu_cores=load.cpu_cores,
            loop_lag_s=load.loop_lag_s,
            utilisation=load.utilisation,
            saturation=load.saturation,
            calls=tuple(self.graph.called_by(service)),
        )


def _first(values: Doubles) -> float | None:
    """Return the one value; None for NaN."""
    return None if np.isnan(values[0]) else float(values[0])
