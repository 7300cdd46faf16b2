"""The monitor names the stage that is slow, from the spans a platform would really send."""

from collections.abc import Iterator
from copy import deepcopy
from itertools import count

import numpy as np
import pytest
from numpy.random import Generator

from auscult.detection.remarks import Ledger, Remark
from auscult.kernel.words import Severity
from auscult.performance.monitors.pipeline import SIGNAL, Pipeline
from auscult.performance.port import MONITORS, View
from auscult.signals.traces import Names
from tests.unit.performance.bottlenecks.telling import (
    CLIENT,
    CONSUMER,
    NOW_MS,
    ONE,
    PRODUCER,
    Stand,
    Told,
    columns,
)

RATE = 8
LEARN_S = 200


class Platform:
    """edge calls package, package calls store; figures can be made worse while it runs."""

    def __init__(self) -> None:
        self.ids = count(1)
        self.extra_s = {"edge": 0.0, "package": 0.0, "store": 0.0, "way": 0.0}
        self.hangs = False
        self.skew_s = 0.0

    def __call__(self, at_s: int, rng: Generator) -> Iterator[Told]:
        for _ in range(RATE):
            yield from self.request(at_s, rng)

    def request(self, at_s: int, rng: Generator) -> Iterator[Told]:
        trace, root, call, package, ask, store = (next(self.ids) for _ in range(6))
        own = {
            name: 0.02 * float(rng.lognormal(0, 0.4)) + self.extra_s[name]
            for name in ("edge", "package", "store")
        }
        way_s, deep = 0.004 + self.extra_s["way"], own["package"] + own["store"]
        call_s = 2.0 if self.hangs else deep + way_s
        yield Told(trace, root, 0, "edge", at_s, own["edge"] + call_s, name="GET /live")
        yield Told(trace, call, root, "edge", at_s + 0.01, call_s, CLIENT, failed=self.hangs)
        if self.hangs:
            return
        begin_s = at_s + 0.01 + way_s / 2 + self.skew_s
        yield Told(trace, package, call, "package", begin_s, deep, name="GET /segment")
        yield Told(trace, ask, package, "package", begin_s + 0.01, own["store"] + 0.001, CLIENT)
        yield Told(trace, store, ask, "store", at_s - 900, own["store"], name="read")


@pytest.fixture(scope="module")
def learnt() -> Stand:
    """A quiet platform that is known for some minutes; whoever changes it changes a copy."""
    stand = Stand(Platform())
    assert stand.run(LEARN_S) == []
    return stand


@pytest.fixture
def stand(learnt: Stand) -> Stand:
    return deepcopy(learnt)


@pytest.fixture
def platform(stand: Stand) -> Platform:
    assert isinstance(stand.second, Platform)
    return stand.second


def found(stand: Stand) -> Remark:
    first = stand.first(30)
    assert first is not None, "nothing was said within half a minute"
    assert first[1] <= 20
    return first[0]


@pytest.mark.parametrize("slow", ["edge", "package", "store"])
def test_the_slow_stage_is_named_with_evidence(stand: Stand, platform: Platform, slow: str) -> None:
    platform.extra_s[slow] = 0.9
    assert found(stand).subject.service == slow
    (remark,) = stand.run(10)
    assert (remark.subject.service, remark.signal) == (slow, SIGNAL)
    assert remark.severity is Severity.WARNING
    assert remark.sentence.startswith(f"{slow} (")
    assert "to each request, usually 2" in remark.sentence
    assert remark.now == pytest.approx(0.92, rel=0.1)
    assert remark.score > 10
    assert remark.breakdown is not None
    parts = {part.name: part.value for part in remark.breakdown.parts}
    assert max(parts, key=lambda name: parts[name]) == slow
    assert sum(parts.values()) == pytest.approx(0.97, rel=0.15)
    names = [one for one in parts if "→" not in one]
    assert names == ["edge", "package", "store"], "in the order of the way"
    assert len(remark.trace_id) == 32
    shown = [one for one in remark.curve.value if one is not None]
    assert shown[0] < 0.1 < shown[-1]
    assert remark.curve.usual_high is not None
    assert remark.curve.usual_high < 0.1
    said = next(iter(Ledger(ONE).hear(("p", "pipeline"), [remark], quiet_ms=1, now_ms=NOW_MS)))
    assert said.finding.evidence.trace_id == remark.trace_id


def test_the_trace_it_names_is_a_slow_one_of_those_that_came(
    stand: Stand, platform: Platform
) -> None:
    platform.extra_s["package"] = 0.9
    began_s = stand.at_s
    remark = found(stand)
    first_slow = began_s * RATE * 6 + 1
    number = int(np.frombuffer(bytes.fromhex(remark.trace_id), np.uint64)[0])
    assert number >= first_slow


def test_a_slow_way_is_named_as_the_way(stand: Stand, platform: Platform) -> None:
    platform.extra_s["way"] = 0.5
    remark = found(stand)
    assert remark.subject.service == "package"
    assert remark.sentence.startswith("the way from edge to package adds 0.50 s to each call")
    assert dict(remark.labels)["place"] == "link"


def test_a_stage_that_hangs_is_named_though_it_says_nothing(
    stand: Stand, platform: Platform
) -> None:
    platform.hangs = True
    remark = found(stand)
    assert remark.subject.service == "package"
    assert remark.severity is Severity.CRITICAL
    assert "of what edge sends it without an answer; edge only waits for it" in remark.sentence


def test_it_ends_when_it_is_over(stand: Stand, platform: Platform) -> None:
    platform.extra_s["store"] = 0.9
    found(stand)
    platform.extra_s["store"] = 0.0
    assert stand.run(45) == []


def test_a_clock_that_jumps_by_an_hour_is_no_bottleneck(stand: Stand, platform: Platform) -> None:
    platform.skew_s = 3_600.0
    assert stand.first(60) is None


def test_the_standing_tells_of_every_service_and_way(stand: Stand) -> None:
    standing = stand.lookout.standing()
    services = {one.service: one for one in standing.services}
    assert list(services) == ["edge", "package", "store"]
    assert services["package"].rate_per_s == pytest.approx(RATE, rel=0.05)
    assert services["edge"].calls == ("package",)
    assert services["store"].self_time_p50_s == pytest.approx(0.02, rel=0.25)
    assert services["store"].self_time_p95_s == pytest.approx(0.039, rel=0.25)
    assert services["edge"].error_share == 0
    ways = {(one.caller, one.called): one.way_p95_s for one in standing.calls}
    assert ways["edge", "package"] == pytest.approx(0.004, rel=0.3)


class Handover:
    """ingest hands pieces to encode, encode to package; each piece is one trace."""

    def __init__(self) -> None:
        self.ids = count(1)
        self.wait_s, self.hangs = 0.0, False

    def __call__(self, at_s: int, rng: Generator) -> Iterator[Told]:
        for _ in range(RATE):
            trace, one, two, three = (next(self.ids) for _ in range(4))
            work = [0.03 * float(rng.lognormal(0, 0.4)) for _ in range(3)]
            yield Told(trace, one, 0, "ingest", at_s, work[0], PRODUCER, name="ingest")
            if self.hangs:
                continue
            at = at_s + work[0] + 0.05 * float(rng.random()) + self.wait_s + 120.0
            yield Told(trace, two, one, "encode", at, work[1], CONSUMER, name="encode")
            at += work[1] + 0.05 * float(rng.random()) - 240.0
            yield Told(trace, three, two, "package", at, work[2], CONSUMER, name="package")


def test_waiting_between_stages_is_named_though_clocks_disagree() -> None:
    handover = Handover()
    stand = Stand(handover)
    assert stand.run(LEARN_S) == []
    handover.wait_s = 1.5
    remark = found(stand)
    assert remark.subject.service == "encode"
    assert remark.sentence.startswith("what ingest hands on waits 1.")


def test_a_stage_that_takes_nothing_up_any_more_is_named() -> None:
    handover = Handover()
    stand = Stand(handover)
    assert stand.run(LEARN_S) == []
    handover.hangs = True
    remark = found(stand)
    assert (remark.subject.service, remark.severity) == ("encode", Severity.CRITICAL)


def test_it_stands_on_the_shelf_and_looks_at_nothing_without_harm() -> None:
    assert "pipeline" in MONITORS.names()
    lookout = MONITORS.make("pipeline", {}).begin()
    assert list(lookout.look(View(ONE, NOW_MS))) == []
    assert Pipeline().begin().standing().services == ()


def test_spans_of_any_kind_and_size_do_no_harm() -> None:
    rng = np.random.default_rng(5)
    names, lookout = Names(), Pipeline().begin()
    for second in range(20):
        spans = [
            Told(
                trace=int(rng.integers(1, 50)),
                span=int(rng.integers(1, 200)),
                parent=int(rng.integers(0, 200)),
                service=f"s{rng.integers(700)}",
                begin_s=float(rng.normal(0, 10_000)),
                lasts_s=float(rng.choice([-5.0, 0.0, 1e-9, 1.0, 1e6])),
                kind=int(rng.integers(6)),  # type: ignore[arg-type]  # any number a sender writes
                name=f"op{rng.integers(3_000)}",
                failed=bool(rng.integers(2)),
            )
            for _ in range(200)
        ]
        list(lookout.look(View(ONE, NOW_MS + second * 1_000, [], [columns(names, spans)], names)))
    standing = lookout.standing()
    assert 0 < len(standing.services) <= 1_200
    assert all(0 <= one.error_share <= 1 for one in standing.services)
