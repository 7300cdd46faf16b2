"""Queues, processors and event loops are recognised by how their gauges are called."""

from collections.abc import Sequence

import numpy as np
import pytest

from auscult.kernel.matchers import Matcher, matches_all
from auscult.performance.bottlenecks.load.gauges import ASK_EVERY_MS, Gauges
from auscult.performance.port import Window
from tests.unit.performance.bottlenecks.telling import NOW_MS

STEP_S = 5


class Metrics:
    """Gauges as a platform tells them, one sample each five seconds; the last 120 are kept."""

    def __init__(self) -> None:
        self.samples: dict[tuple[tuple[str, str], ...], list[float]] = {}

    def tell(self, name: str, value: float, **labels: str) -> None:
        key = tuple(sorted({"__name__": name, **labels}.items()))
        self.samples.setdefault(key, []).append(value)

    def series(self, matchers: tuple[Matcher, ...]) -> Sequence[Window]:
        found = []
        for labels, values in self.samples.items():
            if matches_all(matchers, labels):
                at_ms = NOW_MS + np.arange(len(values), dtype=np.int64) * STEP_S * 1_000
                found.append(Window(labels, at_ms[-120:], np.array(values[-120:])))
        return found


class Platform:
    """A platform whose stage has a queue, and the gauges that are made of its metrics."""

    def __init__(self, depth: str, capacity: str = "") -> None:
        self.metrics, self.gauges, self.at_s = Metrics(), Gauges(), 0
        self.depth, self.capacity = depth, capacity

    def tell(self, value: float, *, steps: int = 1) -> list[str]:
        for _ in range(steps):
            self.metrics.tell(self.depth, value, stage="encode", programme="a")
            if self.capacity:
                self.metrics.tell(self.capacity, 16.0, stage="encode")
            for _ in range(STEP_S):
                self.gauges.ask(self.metrics.series, now_ms=NOW_MS + self.at_s * 1_000)
                self.at_s += 1
        return [queue.service for queue in self.gauges.limiting()]


NAMES = [
    ("soundstage_queue_depth", "soundstage_queue_capacity"),
    ("otelcol_exporter_queue_size", "otelcol_exporter_queue_capacity"),
    ("worker_queue_length", "worker_queue_limit"),
    ("celery_queue_length", ""),
    ("encode_backlog", ""),
]


@pytest.mark.parametrize(("depth", "capacity"), NAMES)
def test_a_queue_that_fills_limits_and_one_that_empties_does_not(depth: str, capacity: str) -> None:
    platform = Platform(depth, capacity)
    assert platform.tell(2.0, steps=40) == []
    for _ in range(12):
        platform.tell(2.0)
    began_s = platform.at_s
    while not platform.tell(16.0):
        assert platform.at_s - began_s < 60
    assert platform.at_s - began_s <= 30, "told within half a minute"
    assert platform.gauges.load("encode").saturation == (1.0 if capacity else None)
    assert platform.tell(2.0, steps=3) == []


def test_a_queue_that_is_always_full_or_fills_for_moments_is_as_it_should_be() -> None:
    always = Platform("queue_depth", "queue_capacity")
    assert always.tell(16.0, steps=200) == []
    moments = Platform("queue_depth", "queue_capacity")
    for _ in range(20):
        moments.tell(1.0, steps=10)
        assert moments.tell(16.0, steps=3) == []
    assert moments.tell(16.0, steps=12) == ["encode"]


@pytest.mark.parametrize("name", ["queue_depth_total", "queued_seconds", "queue_latency_seconds"])
def test_what_only_sounds_like_a_queue_is_none(name: str) -> None:
    platform = Platform(name)
    platform.tell(1.0, steps=60)
    assert platform.tell(500.0, steps=20) == []
    assert platform.gauges.services == []


def test_cores_event_loops_and_pools_make_the_load() -> None:
    metrics, gauges = Metrics(), Gauges()
    for instance in "ab":
        metrics.tell("process_cpu_seconds_total", 0.75, service="edge", instance=instance)
        metrics.tell("http_event_loop_lag_seconds", 0.02, service="edge", instance=instance)
    metrics.tell("db_pool_utilization", 0.9, service="edge")
    metrics.tell("http_event_loop_lag_seconds", float("nan"), service="quiet")
    for turn in range(8):
        gauges.ask(metrics.series, now_ms=NOW_MS + turn * ASK_EVERY_MS)
    load = gauges.load("edge")
    assert (load.cpu_cores, load.loop_lag_s, load.utilisation) == (1.5, 0.02, 0.9)
    assert (load.saturation, load.loop_lag_rise_s) == (None, 0.0)
    assert gauges.load("quiet").loop_lag_s is None
    for turn in range(4):
        gauges.ask(metrics.series, now_ms=NOW_MS + 300_000 + turn * ASK_EVERY_MS)
    assert gauges.load("edge").cpu_cores is None, "what is old says nothing of now"


def test_a_lag_that_was_always_there_is_no_rise() -> None:
    metrics, gauges = Metrics(), Gauges()

    def rise_after(lag_s: float, turns: range) -> float:
        metrics.tell("event_loop_lag_seconds", lag_s, service="edge")
        for turn in turns:
            gauges.ask(metrics.series, now_ms=NOW_MS + turn * ASK_EVERY_MS)
        return gauges.load("edge").loop_lag_rise_s

    assert rise_after(0.05, range(40)) == 0.0
    assert rise_after(0.35, range(40, 48)) == pytest.approx(0.3, rel=0.1)
    assert rise_after(0.05, range(48, 56)) == 0.0


def test_it_asks_every_other_second_at_most() -> None:
    asked: list[int] = []
    gauges = Gauges()
    for at_ms in range(NOW_MS, NOW_MS + 10_000, 100):

        def series(_: tuple[Matcher, ...], at_ms: int = at_ms) -> Sequence[Window]:
            asked.append(at_ms)
            return ()

        gauges.ask(series, now_ms=at_ms)
    assert len(asked) == 5
