"""A generator of series as a live platform shows them, calm and with faults; the tests' own world.

Every family has one function `family(rng, seconds, count) -> float64 (seconds, count)`, one sample
a second, rates per second for counters. Nothing here was taken from, or fitted to, any platform.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from auscult.kernel.words import Labels

Grid = NDArray[np.float64]
Family = Callable[[Generator, int, int], Grid]


def wander(rng: Generator, seconds: int, count: int, *, sd: float, memory_s: float) -> Grid:
    """A mean-reverting walk of the given standard deviation (AR(1))."""
    keep = np.exp(-1 / memory_s)
    steps = rng.normal(0, sd * np.sqrt(1 - keep**2), (seconds, count))
    out = np.empty((seconds, count))
    now = rng.normal(0, sd, count)
    for second in range(seconds):
        now = keep * now + steps[second]
        out[second] = now
    return out


def load(rng: Generator, seconds: int, count: int) -> Grid:
    return np.exp(wander(rng, seconds, count, sd=0.06, memory_s=60))


def request_rate(rng: Generator, seconds: int, count: int) -> Grid:
    mean = 10 ** rng.uniform(-0.5, 2.5, count)
    return rng.poisson(mean * load(rng, seconds, count)).astype(float)


def latency_mean(rng: Generator, seconds: int, count: int) -> Grid:
    """The mean of k heavy-tailed answers a second, with rare long ones."""
    typical = 10 ** rng.uniform(-3, -0.5, count)
    sd, calls = rng.uniform(0.3, 0.9, count), rng.integers(3, 40, count)
    out = typical * np.exp(rng.normal(0, 1, (seconds, count)) * sd / np.sqrt(calls))
    out *= load(rng, seconds, count)
    slow = rng.random((seconds, count)) < 0.01
    return np.where(slow, out * (1 + rng.pareto(1.5, (seconds, count)) * 3), out)


def latency_tail(rng: Generator, seconds: int, count: int) -> Grid:
    typical = 10 ** rng.uniform(-2.5, 0, count)
    return typical * np.exp(rng.normal(0, 1, (seconds, count)) * rng.uniform(0.3, 0.7, count))


def sawtooth_buffer(rng: Generator, seconds: int, count: int) -> Grid:
    period = rng.uniform(2, 45, count)
    phase = rng.uniform(0, 1, count)
    at = np.arange(seconds)[:, None]
    saw = (at / period + phase) % 1.0
    top = 10 ** rng.uniform(0, 5, count)
    return top * (0.2 + 0.8 * saw) + rng.normal(0, 0.02, (seconds, count)) * top


def resident_bytes(rng: Generator, seconds: int, count: int) -> Grid:
    """Grows after the start, ever more slowly, a little for ever, in steps of pages and arenas."""
    at = np.arange(seconds)[:, None]
    start = rng.uniform(30e6, 150e6, count)
    warm = rng.uniform(1e6, 25e6, count) * (1 - np.exp(-at / rng.uniform(5, 90, count)))
    drift = rng.uniform(0, 0.05e6, count) * at
    arenas = np.cumsum(rng.random((seconds, count)) < 0.005, axis=0) * 1.0e6
    pages = np.round((start + warm + drift + arenas) / 65536) * 65536
    return np.asarray(pages + rng.integers(-2, 3, (seconds, count)) * 4096)


def few_values(rng: Generator, seconds: int, count: int) -> Grid:
    mean = rng.uniform(0.5, 8, count)
    held = np.maximum(mean + wander(rng, seconds, count, sd=1.0, memory_s=20), 0)
    return np.asarray(np.round(held))


def rare_events(rng: Generator, seconds: int, count: int) -> Grid:
    often = 10 ** rng.uniform(-2.5, -0.7, count)
    size = rng.integers(1, 4, (seconds, count))
    return np.where(rng.random((seconds, count)) < often, size, 0).astype(float)


def constant(rng: Generator, seconds: int, count: int) -> Grid:
    level = rng.choice([0.0, 0.0, 1.0, 3.0, 12.0, 1024.0], count)
    return np.tile(level, (seconds, 1))


def nearly_constant(rng: Generator, seconds: int, count: int) -> Grid:
    """Open files, threads: constant but for a flicker now and then, and a lasting step of one."""
    level = rng.integers(8, 60, count)
    flicker = (rng.random((seconds, count)) < 0.02) * rng.integers(1, 3, (seconds, count))
    step = np.cumsum(rng.random((seconds, count)) < 0.003, axis=0)
    return (level + flicker + step).astype(float)


def collector_pauses(rng: Generator, seconds: int, count: int) -> Grid:
    """A calm latency with a pause of one or two seconds at every collection."""
    calm = 10 ** rng.uniform(-3, -1, count) * np.exp(rng.normal(0, 0.1, (seconds, count)))
    period = rng.integers(15, 100, count)
    at = (np.arange(seconds)[:, None] + rng.integers(0, 100, count)) % period
    pause = at < rng.integers(1, 3, count)
    return np.where(pause, calm * rng.uniform(4, 20, count), calm)


def cpu_share(rng: Generator, seconds: int, count: int) -> Grid:
    mean = rng.uniform(0.02, 0.4, count)
    busy = mean * load(rng, seconds, count) + rng.normal(0, 0.015, (seconds, count))
    ticks = np.round(np.maximum(busy, 0) * 100) / 100  # the kernel counts hundredths
    brief = rng.random((seconds, count)) < 0.005
    return np.where(brief, np.minimum(ticks + 0.4, 1.0), ticks)


def slow_wander(rng: Generator, seconds: int, count: int) -> Grid:
    level = 10 ** rng.uniform(0, 4, count)
    walk = np.stack(
        [
            wander(rng, seconds, 1, sd=float(rng.uniform(0.03, 0.2)), memory_s=float(memory))[:, 0]
            for memory in rng.uniform(5, 150, count)
        ],
        axis=1,
    )
    return np.asarray(level * np.exp(walk))


def segment_bytes(rng: Generator, seconds: int, count: int) -> Grid:
    """Bytes a second of a stream cut in segments: a burst every few seconds, nothing between."""
    period = rng.integers(2, 7, count)
    at = (np.arange(seconds)[:, None] + rng.integers(0, 7, count)) % period
    size = 10 ** rng.uniform(4, 6, count) * np.exp(rng.normal(0, 0.1, (seconds, count)))
    return np.where(at == 0, size, 0.0)


def good_ratio(rng: Generator, seconds: int, count: int) -> Grid:
    calls = rng.integers(20, 400, count)
    bad = rng.binomial(calls, 10 ** rng.uniform(-4, -2, count), (seconds, count))
    return np.asarray(1 - bad / calls)


def queue_depth(rng: Generator, seconds: int, count: int) -> Grid:
    """A queue with exponential lengths that stay for a while."""
    held = wander(rng, seconds, count, sd=1.0, memory_s=4)
    return np.asarray(np.floor(np.exp(held * 0.8) * rng.uniform(0.5, 6, count)))


FAMILIES: dict[str, tuple[str, Family]] = {
    "requests_total": ("counter", request_rate),
    "request_duration_seconds": ("gauge", latency_mean),
    "request_duration_p95_seconds": ("gauge", latency_tail),
    "buffer_fill": ("gauge", sawtooth_buffer),
    "process_resident_memory_bytes": ("gauge", resident_bytes),
    "connections": ("gauge", few_values),
    "retries_total": ("counter", rare_events),
    "configured_workers": ("gauge", constant),
    "process_open_fds": ("gauge", nearly_constant),
    "encode_duration_seconds": ("gauge", collector_pauses),
    "process_cpu_seconds_total": ("counter", cpu_share),
    "listeners": ("gauge", slow_wander),
    "sent_bytes_total": ("counter", segment_bytes),
    "available_ratio": ("gauge", good_ratio),
    "queue_depth": ("gauge", queue_depth),
}


@dataclass(slots=True)
class Platform:
    """n series over time: values (seconds, n), with labels and kinds; all second by second."""

    values: Grid
    labels: list[Labels]
    kinds: list[str]

    def column(self, service: str, metric: str) -> int:
        """Return the first series of a service with that metric."""
        return self.columns(service, metric)[0]

    def columns(self, service: str, metric: str) -> list[int]:
        """Return all series of a service with that metric."""
        wanted = {("service", service), ("__name__", metric)}
        return [i for i, labels in enumerate(self.labels) if wanted <= set(labels)]


def make_platform(seed: int, *, seconds: int, services: int = 20, each: int = 20) -> Platform:
    """Return `services` × `each` series, the families in turn, plus one `up` per service."""
    rng = np.random.default_rng(seed)
    names = [list(FAMILIES)[i % len(FAMILIES)] for i in range(each)]
    values: list[Grid] = []
    labels: list[Labels] = []
    kinds: list[str] = []
    for service in range(services):
        for copy, name in enumerate(names):
            kind, family = FAMILIES[name]
            values.append(family(rng, seconds, 1))
            labels.append(_labels(name, f"service-{service}", str(copy)))
            kinds.append(kind)
        values.append(np.ones((seconds, 1)))
        labels.append(_labels("up", f"service-{service}", ""))
        kinds.append("gauge")
    return Platform(np.concatenate(values, axis=1), labels, kinds)


def _labels(name: str, service: str, part: str) -> Labels:
    pairs = [("__name__", name), ("instance", f"{service}:80"), ("service", service)]
    return tuple(sorted([*pairs, ("part", part)] if part else pairs))


def level_shift(platform: Platform, service: str, at: int) -> None:
    """Half as many again listeners and twice the CPU: a lasting step."""
    for metric, factor in (("process_cpu_seconds_total", 3.0), ("listeners", 3.0)):
        platform.values[at:, platform.column(service, metric)] *= factor


def leak(platform: Platform, service: str, at: int) -> None:
    """Memory grows by 5 MB a second."""
    grown = platform.values[at:, platform.column(service, "process_resident_memory_bytes")]
    grown += 5e6 * np.arange(1, grown.size + 1)


def stop_of_traffic(platform: Platform, service: str, at: int) -> None:
    """Nothing is asked for any more: what counts requests stands still."""
    rng = np.random.default_rng(int(abs(platform.values[0].sum())))
    for column in platform.columns(service, "requests_total"):
        walk = load(rng, len(platform.values), 1)[:, 0]
        platform.values[:, column] = rng.poisson(rng.uniform(20, 100) * walk)
        platform.values[at:, column] = 0


def error_burst(platform: Platform, service: str, at: int) -> None:
    """A counter that never moved moves by about eight a second."""
    column = platform.column(service, "configured_workers")
    platform.labels[column] = _labels("errors_total", service, "e")
    platform.kinds[column] = "counter"
    platform.values[:, column] = 0
    rng = np.random.default_rng(int(abs(platform.values[0].sum())))
    platform.values[at:, column] = rng.poisson(8, len(platform.values) - at)


def slow_answers(platform: Platform, service: str, at: int) -> None:
    """Every answer takes five times as long."""
    for metric in ("request_duration_seconds", "request_duration_p95_seconds"):
        platform.values[at:, platform.column(service, metric)] *= 5


def death(platform: Platform, service: str, at: int) -> None:
    """The process is gone: `up` is 0 and nothing else is there."""
    for column, labels in enumerate(platform.labels):
        if ("service", service) in labels:
            is_up = ("__name__", "up") in labels
            platform.values[at:, column] = 0 if is_up else np.nan


FAULTS: dict[str, Callable[[Platform, str, int], None]] = {
    fault.__name__: fault
    for fault in (level_shift, leak, stop_of_traffic, error_burst, slow_answers, death)
}
