"""`Watch` end to end: findings fire once, are cleared, survive a restart and stay few."""

import io

import numpy as np
import pytest

from auscult.detection import Watch
from auscult.detection.detectors.absence import Absence
from auscult.detection.detectors.scorer import Scorer
from auscult.kernel.errors import BodyMalformed, ObjectMissing
from auscult.kernel.findings import Finding, Phase
from auscult.kernel.words import Labels, Severity, TenantId
from tests.unit.detection.platform_series import (
    Platform,
    error_burst,
    make_platform,
    slow_answers,
)
from tests.unit.detection.rehearsal import NONE, START_MS, TENANT, make_watch, play

AT = 120


def make_faulty(seed: int = 3, *, seconds: int = 260, until: int = 170) -> Platform:
    platform = make_platform(seed, seconds=seconds, services=3)
    calm = platform.values.copy()
    error_burst(platform, "service-1", AT)
    slow_answers(platform, "service-1", AT)
    errors = platform.column("service-1", "errors_total")
    calm[:, errors] = 0
    platform.values[until:] = calm[until:]
    return platform


def firing(told: list[tuple[int, Finding]]) -> list[Finding]:
    return [finding for _, finding in told if finding.phase is Phase.FIRING]


def test_a_fault_fires_once_and_is_cleared_once() -> None:
    platform = make_faulty()
    watch = make_watch(platform)
    told = play(watch, platform)
    assert {finding.subject.service for _, finding in told} == {"service-1"}
    first = next(second for second, _ in told)
    assert AT < first <= AT + 15
    prints = {finding.fingerprint for finding in firing(told)}
    assert 1 <= len(prints) <= 3, "the strongest signals of a subject, not all"
    cleared = [finding.fingerprint for _, finding in told if finding.phase is Phase.CLEARED]
    assert sorted(cleared) == sorted(prints)
    assert watch.open_slots(TENANT) == set()
    assert watch.firing() == frozenset()


def test_a_finding_says_what_a_person_needs() -> None:
    platform = make_faulty()
    watch = make_watch(platform)
    found = {finding.signal: finding for finding in firing(play(watch, platform, end=150))}
    errors = found["errors_total"]
    assert errors.severity is Severity.CRITICAL
    assert errors.seen_by == "scorer"
    assert errors.score > 5
    assert errors.evidence.unit == "/s"
    assert "errors" in errors.evidence.sentence
    assert "usual: 0" in errors.evidence.sentence
    assert errors.evidence.usual_high is not None
    assert errors.evidence.usual_high < 6


def test_the_evidence_window_is_the_history_with_its_gaps() -> None:
    platform = make_faulty()
    at_ms = START_MS + np.arange(500, dtype=np.int64) * 1000
    value = np.where(np.arange(500) % 50 == 0, np.nan, 1.0)
    watch = Watch(labels_of=platform.labels.__getitem__, history=lambda _: (at_ms, value))
    watch.configure(TENANT, {})
    for slot, (labels, kind) in enumerate(zip(platform.labels, platform.kinds, strict=True)):
        watch.learn(slot, TENANT, labels=labels, kind=kind)  # type: ignore[arg-type]  # by family
    evidence = firing(play(watch, platform, end=150))[0].evidence
    assert len(evidence.at_ms) == len(evidence.value) == len(evidence.low) == 360
    assert evidence.value.count(None) == 7
    assert evidence.at_ms[-1] == at_ms[-1]


def test_a_restart_neither_forgets_a_fault_nor_learns_it() -> None:
    platform = make_faulty(seconds=400, until=300)
    watch = make_watch(platform)
    before = play(watch, platform, end=150)
    open_before = watch.firing()
    assert open_before
    stored = io.BytesIO()
    np.savez(stored, **watch.snapshot())  # type: ignore[arg-type]  # arrays by name
    stored.seek(0)
    count = len(platform.labels)
    moved = Platform(platform.values[:, ::-1], platform.labels[::-1], platform.kinds[::-1])
    again = make_watch(moved)
    loaded = dict(np.load(stored))
    slots = np.full(loaded["series.last_ms"].size, -1, dtype=np.int64)
    slots[:count] = np.arange(count)[::-1]
    again.restore(loaded, slots)
    assert again.firing() == open_before
    during = play(again, moved, begin=165, end=300)
    known = {finding.fingerprint: finding.signal for finding in firing(before)}
    assert {f.fingerprint for f in firing(during)} <= set(known), "nothing is told as new"
    far_off = {"errors_total", "request_duration_seconds"}
    lost = {f.signal for _, f in during if f.phase is Phase.CLEARED}
    assert not far_off & lost, "what is far off is not learnt as normal"
    after = play(again, moved, begin=300)
    assert far_off <= {f.signal for _, f in after if f.phase is Phase.CLEARED}


def test_what_is_accepted_is_the_new_usual_and_is_cleared() -> None:
    platform = make_platform(3, seconds=260, services=3)
    slow_answers(platform, "service-1", AT)
    watch = make_watch(platform)
    opened = {finding.fingerprint for finding in firing(play(watch, platform, end=150))}
    assert opened
    watch.accept({"the finding of another"})
    assert watch.firing() == opened
    watch.accept(opened)
    told = [finding for _, finding in play(watch, platform, begin=150, end=180)]
    assert {finding.fingerprint for finding in told} == opened
    assert {finding.phase for finding in told} == {Phase.CLEARED}


def test_what_is_accepted_is_accepted_of_every_series_that_the_finding_speaks_for() -> None:
    """Five programmes of one stage lag more at once: one finding, and one end of it."""
    rng = np.random.default_rng(1)
    values = rng.normal(0.5, 0.03, (220, 5))
    values[AT:] += 0.6
    labels: list[Labels] = [
        (("__name__", "lag_seconds"), ("programme", str(number)), ("service", "edge"))
        for number in range(5)
    ]
    platform = Platform(values, labels, ["gauge"] * 5)
    watch = make_watch(platform)
    opened = {finding.fingerprint for finding in firing(play(watch, platform, end=AT + 30))}
    assert len(opened) == 1
    watch.accept(opened)
    told = [finding for _, finding in play(watch, platform, begin=AT + 30, end=AT + 45)]
    assert [finding.phase for finding in told] == [Phase.CLEARED]


def test_a_rule_is_never_accepted_as_usual() -> None:
    platform = make_faulty()
    platform.values[AT:, platform.column("service-2", "up")] = 0
    watch = make_watch(platform, {"dead man": Absence()})
    play(watch, platform, end=130)
    up = platform.column("service-2", "up")
    before = float(watch.columns.level[up])
    watch.accept(watch.firing())
    assert watch.columns.level[up] == before


@pytest.mark.parametrize("broken", ["version", "series.level", "open.slot", "season.offset"])
def test_a_broken_snapshot_is_refused(broken: str) -> None:
    platform = make_faulty()
    watch = make_watch(platform)
    snapshot = {name: column for name, column in watch.snapshot().items() if name != broken}
    with pytest.raises(BodyMalformed):
        watch.restore(snapshot, np.arange(10))


def test_without_the_scorer_only_plain_rules_speak() -> None:
    platform = make_faulty()
    platform.values[AT:140, platform.column("service-1", "up")] = 0
    watch = Watch(
        labels_of=platform.labels.__getitem__,
        history=lambda _: (np.zeros(0, np.int64), np.zeros(0)),
        enabled=False,
    )
    watch.configure(TENANT, {"scorer": Scorer(), "absence": Absence()})
    for slot, labels in enumerate(platform.labels):
        watch.learn(slot, TENANT, labels=labels)
    told = play(watch, platform)
    assert {finding.seen_by for _, finding in told} == {"absence"}


def quick_answers(platform: Platform, service: str, at: int) -> None:
    """Every answer takes a fifth of its time, which was a good deal of a second."""
    for metric in ("request_duration_seconds", "request_duration_p95_seconds"):
        column = platform.column(service, metric)
        platform.values[:, column] *= 10
        platform.values[at:, column] /= 5


def test_what_gets_better_is_no_fault() -> None:
    platform = make_platform(3, seconds=180, services=3)
    quick_answers(platform, "service-1", AT)
    assert firing(play(make_watch(platform), platform)) == []
    watch = make_watch(platform, {"scorer": Scorer(eases="nothing")})
    assert firing(play(watch, platform)), "otherwise it is no shift"


@pytest.mark.parametrize(("factor", "is_told"), [(5.0, False), (0.02, True)])
def test_what_is_the_better_the_more_there_is_may_rise(factor: float, is_told: bool) -> None:
    platform = make_platform(3, seconds=180, services=3)
    platform.values[AT:, platform.column("service-1", "listeners")] *= factor
    watch = make_watch(platform, {"scorer": Scorer(gains="listeners")})
    assert bool(firing(play(watch, platform))) is is_told
    watch = make_watch(platform, {"scorer": Scorer(gains="nothing")})
    assert firing(play(watch, platform)), "otherwise it is no shift"


def test_a_duration_that_moves_by_less_than_a_slice_of_the_scheduler_is_no_fault() -> None:
    platform = make_platform(3, seconds=180, services=3)
    column = platform.column("service-1", "request_duration_seconds")
    rest = np.random.default_rng(4).gamma(9.0, 0.2e-3, 180)  # 1.8 ms
    platform.values[:, column] = rest
    platform.values[AT:, column] += 2.5e-3
    assert firing(play(make_watch(platform), platform)) == []
    platform.values[AT:, column] += 20e-3
    assert firing(play(make_watch(platform), platform)), "twenty more are one"


@pytest.mark.parametrize(("metric", "unit_s"), [("lag_seconds", 1.0), ("lag_bytes", 1e3)])
def test_a_duration_that_is_a_fifth_beyond_what_is_usual_is_no_fault(
    metric: str, unit_s: float
) -> None:
    values = np.random.default_rng(5).normal(0.2, 0.002, (180, 1))
    values[AT:] += 0.04
    series = Platform(values * unit_s, [(("__name__", metric), ("service", "encode"))], ["gauge"])
    told = firing(play(make_watch(series), series))
    assert bool(told) is (metric == "lag_bytes"), "it is a shift of twenty deviations"
    series.values[AT:] += 0.1 * unit_s
    assert firing(play(make_watch(series), series)), "seven tenths more are one"


def test_a_muted_series_is_not_told() -> None:
    platform = make_faulty()
    mute = Scorer.model_validate({"mute": ['service="service-1"']})
    watch = make_watch(platform, {"scorer": mute})
    assert not firing(play(watch, platform))
    slot = platform.column("service-1", "errors_total")
    assert watch.usual(slot).state == "muted"


def test_a_reload_clears_what_is_no_longer_configured() -> None:
    platform = make_faulty()
    platform.values[AT:, platform.column("service-1", "up")] = 0
    watch = make_watch(platform, {"dead man": Absence()})
    assert "absence" in {finding.seen_by for finding in firing(play(watch, platform, end=130))}
    watch.configure(TENANT, {"absence": Absence(for_s=1000)})
    cleared = [f for f in watch.tick(START_MS + 131_000) if f.phase is Phase.CLEARED]
    assert "absence" in {finding.seen_by for finding in cleared}


def test_empty_batches_and_unknown_slots() -> None:
    platform = make_faulty()
    watch = make_watch(platform)
    none = np.zeros(0, dtype=np.int64)
    watch.update(NONE, none, values=np.zeros(0), stale_slots=NONE, now_ms=START_MS)
    assert watch.tick(START_MS) == []
    with pytest.raises(ObjectMissing):
        watch.usual(10**6)
    assert watch.coverage(TenantId("nobody")).watched == 0


def test_coverage_counts_every_series_once() -> None:
    platform = make_platform(1, seconds=100, services=2)
    watch = make_watch(platform)
    play(watch, platform, end=30)
    early = watch.coverage(TENANT)
    assert early.learning == 40
    assert early.muted == 2  # `up` belongs to absence
    play(watch, platform, begin=30)
    seen = watch.coverage(TENANT)
    assert (seen.watched, seen.learning, seen.silent) == (40, 0, 0)
    watch.tick(START_MS + 300_000)
    assert watch.coverage(TENANT).silent == 40


def test_a_forgotten_slot_is_new_again() -> None:
    platform = make_platform(1, seconds=80, services=1)
    watch = make_watch(platform)
    play(watch, platform)
    watch.forget(0)
    with pytest.raises(ObjectMissing):
        watch.usual(0)
    watch.learn(0, TenantId("other"), labels=platform.labels[0], kind="gauge")
    assert watch.columns.seen[0] == 0
    assert watch.coverage(TenantId("other")).watched == 0
    assert watch.coverage(TENANT).watched == 19
