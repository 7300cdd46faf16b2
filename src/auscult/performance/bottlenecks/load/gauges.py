"""What metrics say of load, recognised by how they are called: queues, processors, event loops.

No name of one platform stands here: these are the endings that client libraries, OpenTelemetry and
the guides of Prometheus use. What a queue's gauge is paired with is a capacity of the same stem
whose labels it shares.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from auscult.kernel.matchers import Matcher
from auscult.kernel.words import Labels, subject_of
from auscult.performance.bottlenecks.load.queues import Queue
from auscult.performance.port import Window

ASK_EVERY_MS = 2_000
"""One of the four families is asked for so often, in turn."""

QUEUES_MAX = 500
_STALE_MS = 120_000
_LAG_RISES, _LAG_FALLS = 0.01, 0.3
"""Of the way to another lag, at each asking: a quarter of an hour up, half a minute down."""

_DEPTH = r"(?:.+_)?(?:queue|backlog)(?:_(?:depth|length|len|size|items|messages|tasks|waiting))?"
_CAPACITY = r"(?:.+_)?(?:queue|backlog)_(?:capacity|limit|max|max_size|maxsize|max_length)"
_CPU = r"process_cpu_seconds_total|process_cpu_time_seconds_total"
_LOOP = r".*event_?loop_(?:lag|delay)(?:_mean|_p50)?_seconds"
_BUSY = r"(?:.+_)?(?:cpu|pool|worker|workers|thread|threads)_utili[sz]ation(?:_ratio)?"
_FAMILIES = (f"{_DEPTH}|{_CAPACITY}", _CPU, _LOOP, _BUSY)
_STEM = re.compile(r"(?P<stem>(?:.+_)?(?:queue|backlog))(?:_|$)")
_IS_CAPACITY = re.compile(_CAPACITY)

Series = Callable[[tuple[Matcher, ...]], Sequence[Window]]


@dataclass(frozen=True, slots=True)
class Load:
    """How busy a service is, as far as its metrics say; None where they do not.

    cpu_cores: cores its processes keep busy. loop_lag_s: how late its event loop runs, and
    loop_lag_rise_s: by how much that is more than usual.
    utilisation: 0 to 1, of its busiest pool. saturation: 0 to 1, how full its fullest queue is.
    """

    cpu_cores: float | None = None
    loop_lag_s: float | None = None
    loop_lag_rise_s: float = 0.0
    utilisation: float | None = None
    saturation: float | None = None


@dataclass(slots=True)
class Gauges:
    """The loads of one tenant's services, and their queues."""

    _family: int = 0
    _asked_ms: int = 0
    _loads: dict[str, Load] = field(default_factory=dict)
    _queues: dict[Labels, Queue] = field(default_factory=dict)
    _usual_lag_s: dict[str, float] = field(default_factory=dict)

    def ask(self, series: Series, *, now_ms: int) -> None:
        """Look at one family of metrics, where it is time."""
        if now_ms - self._asked_ms < ASK_EVERY_MS:
            return
        self._asked_ms = now_ms
        matcher = Matcher(name="__name__", op="=~", value=_FAMILIES[self._family])
        windows = [one for one in series((matcher,)) if len(one.at_ms)]
        if self._family == 0:
            self._take_queues(windows, now_ms)
        else:
            name = ("", "cpu_cores", "loop_lag_s", "utilisation")[self._family]
            self._take_values(name, windows, now_ms)
        self._family = (self._family + 1) % len(_FAMILIES)

    def load(self, service: str) -> Load:
        """Return what is known of a service's load."""
        fills = [queue.fill for queue in self.queues_of(service) if queue.capacity]
        saturation = max(fills, default=None)
        return replace(self._loads.get(service, Load()), saturation=saturation)

    def queues_of(self, service: str) -> list[Queue]:
        """Return a service's queues."""
        return [queue for queue in self._queues.values() if queue.service == service]

    def limiting(self) -> list[Queue]:
        """Return the fullest queue of each service whose queue holds the others up."""
        found: dict[str, Queue] = {}
        for queue in self._queues.values():
            if not queue.is_limiting:
                continue
            known = found.get(queue.service)
            if known is None or (queue.fill, queue.depth) > (known.fill, known.depth):
                found[queue.service] = queue
        return list(found.values())

    @property
    def services(self) -> list[str]:
        """Every service that metrics speak of."""
        return sorted(self._loads.keys() | {queue.service for queue in self._queues.values()})

    def _take_values(self, name: str, windows: Sequence[Window], now_ms: int) -> None:
        """Take the last value of each series: cores add up, of the others the highest stands."""
        values: dict[str, float] = {}
        for window in windows:
            last = float(window.value[-1])
            if last != last or now_ms - int(window.at_ms[-1]) > _STALE_MS:  # noqa: PLR0124  # NaN is not itself
                continue
            service = subject_of(window.labels).service
            known = values.get(service, 0.0)
            values[service] = known + last if name == "cpu_cores" else max(known, last)
        for service in self._loads.keys() | values.keys():
            if service in self._loads or len(self._loads) < QUEUES_MAX:
                load = self._loads.get(service, Load())
                told: dict[str, Any] = {name: values.get(service)}
                if name == "loop_lag_s":
                    told["loop_lag_rise_s"] = self._rise_of(service, values.get(service))
                self._loads[service] = replace(load, **told)

    def _rise_of(self, service: str, lag_s: float | None) -> float:
        """Return how much later than usual an event loop runs; learn soon down, slowly up."""
        if lag_s is None:
            return 0.0
        usual_s = self._usual_lag_s.get(service, lag_s)
        share = _LAG_RISES if lag_s > usual_s else _LAG_FALLS
        self._usual_lag_s[service] = usual_s + share * (lag_s - usual_s)
        return max(lag_s - usual_s, 0.0)

    def _take_queues(self, windows: Sequence[Window], now_ms: int) -> None:
        depths: list[Window] = []
        capacities: list[Window] = []
        for window in windows:
            name = dict(window.labels).get("__name__", "")
            (capacities if _IS_CAPACITY.fullmatch(name) else depths).append(window)
        for window in depths:
            queue = self._queues.get(window.labels)
            if queue is None:
                if len(self._queues) >= QUEUES_MAX:
                    continue
                queue = self._queues[window.labels] = Queue(subject_of(window.labels).service)
            queue.take(window, capacity=_capacity_of(window.labels, capacities))
        for labels in [
            one for one, queue in self._queues.items() if now_ms - queue.at_ms > _STALE_MS
        ]:
            del self._queues[labels]


def _capacity_of(labels: Labels, capacities: Sequence[Window]) -> float:
    """Return the capacity of the same stem that says the most of the same; 0 for none."""
    own = set(labels)
    stem = _stem(labels)
    best, found = -1, 0.0
    for window in capacities:
        said = {pair for pair in window.labels if pair[0] != "__name__"}
        if _stem(window.labels) == stem and said <= own and len(said) > best:
            best, found = len(said), float(window.value[-1])
    return found if found > 0 else 0.0


def _stem(labels: Labels) -> str:
    match = _STEM.match(dict(labels).get("__name__", ""))
    return match["stem"] if match else ""
