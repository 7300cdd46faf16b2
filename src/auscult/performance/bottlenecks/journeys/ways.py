"""Whole requests of the last half minute: what they cost, where their time went, a slow one."""

from collections import deque

import numpy as np
from numpy.typing import NDArray

from auscult.kernel.findings import PARTS_MAX, Breakdown, Part
from auscult.performance.bottlenecks.journeys.graph import CallGraph
from auscult.performance.bottlenecks.journeys.places import PlaceKind, Places
from auscult.performance.bottlenecks.journeys.visits import Visits, join_visits
from auscult.signals.traces import Names

VISITS_MAX = 200_000
AGE_MS_MAX = 30_000
_PARTS_SHOWN = PARTS_MAX - 8
_LEAST_SHARE = 0.002
_RATE = 0.1
_MIX = np.uint64(0x9E3779B97F4A7C15)

Doubles = NDArray[np.float64]


class Ways:
    """The visits of the last half minute, by trace, and what a whole request usually costs.

    log_way float64[n]: of the requests that pass each row, the mean logarithm of the seconds that
    all of their visits take together; NaN where nothing was seen.
    """

    def __init__(self) -> None:
        self.log_way = np.full(0, np.nan)
        self._kept: deque[tuple[int, Visits]] = deque()

    def grow(self, size: int) -> None:
        """Have at least so many rows."""
        more = size - len(self.log_way)
        if more > 0:
            self.log_way = np.pad(self.log_way, (0, more), constant_values=np.nan)

    def reset(self, rows: list[int]) -> None:
        """Forget rows."""
        self.log_way[rows] = np.nan

    def add(self, visits: Visits, *, now_ms: int) -> None:
        """Take the visits of one look."""
        self._kept.append((now_ms, visits))
        count = sum(len(one) for _, one in self._kept)
        while self._kept and (count > VISITS_MAX or self._kept[0][0] < now_ms - AGE_MS_MAX):
            count -= len(self._kept.popleft()[1])

    def learn(self, calm: NDArray[np.bool_]) -> None:
        """Learn what whole requests cost, for rows bool[n] that are as usual."""
        if not self._kept:
            return
        visits = join_visits([one for _, one in self._kept])
        _, which = np.unique(_identify(visits), return_inverse=True)
        whole_s = np.bincount(which, visits.value_s)
        rows, at = np.unique(visits.row, return_inverse=True)
        logs = np.log(np.maximum(whole_s[which], 1e-6))
        mean = np.bincount(at, logs) / np.bincount(at)
        chosen = calm[rows]
        rows, mean = rows[chosen], mean[chosen]
        known = self.log_way[rows]
        self.log_way[rows] = np.where(np.isnan(known), mean, known + _RATE * (mean - known))

    def share_taking_time(self, row: int, *, since_ms: int) -> float:
        """Return the share of the last visits of a place that took any time at all, 0 to 1."""
        kept = [one.value_s[one.row == row] for at_ms, one in self._kept if at_ms >= since_ms]
        values_s = np.concatenate(kept) if kept else np.empty(0)
        return float(np.mean(values_s > 0)) if len(values_s) else 0.0

    def slow_trace(self, row: int) -> str:
        """Return the id of the trace that was longest at a place lately; empty where none is."""
        best_s, found = -1.0, ""
        for _, visits in self._kept:
            rows = np.flatnonzero(visits.row == row)
            if len(rows):
                at = rows[int(visits.value_s[rows].argmax())]
                if visits.value_s[at] > best_s:
                    best_s, found = float(visits.value_s[at]), visits.trace[at].tobytes().hex()
        return found

    def break_down(
        self, row: int, *, places: Places, graph: CallGraph, names: Names, since_ms: int
    ) -> Breakdown | None:
        """Return where the time of the requests went that passed a place since then."""
        kept = [one for at_ms, one in self._kept if at_ms >= since_ms and len(one)]
        if not kept:
            return None
        visits = join_visits(kept)
        ids = _identify(visits)
        passing = np.unique(ids[visits.row == row])
        chosen = np.isin(ids, passing)
        total_s = np.bincount(visits.row[chosen], visits.value_s[chosen])
        parts: dict[tuple[str, int, str], float] = {}
        for place_row in np.flatnonzero(total_s > 0).tolist():
            key = _part_of(places, place_row, names)
            parts[key] = parts.get(key, 0.0) + float(total_s[place_row]) / len(passing)
        return _tell(parts, graph) if parts else None


def _part_of(places: Places, row: int, names: Names) -> tuple[str, int, str]:
    """Return (service, order within it, what it is called)."""
    place = places[row]
    service, about = names.text(place.service), names.text(place.about)
    if place.kind is PlaceKind.LINK:
        return (service, 1, f"{about} → {service}")
    if place.kind is PlaceKind.SILENCE:
        return (service, 2, f"{service}, no answer")
    if place.kind is PlaceKind.WAIT:
        return (service, 0, f"before {service}")
    return (
        (service, 4, service) if place.kind is PlaceKind.WORK else (service, 5, f"{service}, calls")
    )


def _tell(parts: dict[tuple[str, int, str], float], graph: CallGraph) -> Breakdown:
    order = {one: at for at, one in enumerate(graph.order({key[0] for key in parts}))}
    whole_s = sum(parts.values())
    most = sorted(parts, key=lambda key: -parts[key])[:_PARTS_SHOWN]
    shown = [key for key in most if parts[key] >= _LEAST_SHARE * whole_s]
    shown.sort(key=lambda key: (order[key[0]], key[1], key[2]))
    told = [Part(name=key[2][:200], value=parts[key]) for key in shown]
    rest_s = whole_s - sum(part.value for part in told)
    if rest_s >= _LEAST_SHARE * whole_s:
        told.append(Part(name="other", value=rest_s))
    return Breakdown(title="Where the time goes", unit="s", parts=tuple(told))


def _identify(visits: Visits) -> NDArray[np.uint64]:
    """Return one number for each visit's trace."""
    mixed: NDArray[np.uint64] = visits.trace[:, 0] * _MIX ^ visits.trace[:, 1]
    return mixed
