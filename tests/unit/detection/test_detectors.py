"""The plain detectors: a limit for some time, and a target that is gone."""

import numpy as np
import pytest
from pydantic import ValidationError

from auscult.detection import DETECTORS, Watch
from auscult.detection.port import Detector
from auscult.kernel.errors import PlugUnknown
from auscult.kernel.findings import Finding, Phase
from auscult.kernel.words import Labels, Severity, TenantId

TENANT = TenantId("t")
START_MS = 1_700_000_000_000
NONE = np.zeros(0, dtype=np.int32)
SERVICES = ("ingest", "encode")


def make_labels() -> list[Labels]:
    metrics = ("up", "disk_used_ratio")
    return [
        (("__name__", metric), ("service", service)) for service in SERVICES for metric in metrics
    ]


def make_watch(detectors: dict[str, Detector], interval_ms: int = 1000) -> Watch:
    labels = make_labels()
    watch = Watch(
        labels_of=labels.__getitem__, history=lambda _: (np.zeros(0, np.int64), np.zeros(0))
    )
    watch.configure(TENANT, detectors)
    for slot, label in enumerate(labels):
        watch.learn(slot, TENANT, labels=label, kind="gauge", interval_ms=interval_ms)
    return watch


def step(
    watch: Watch, second: int, values: dict[int, float], stale: tuple[int, ...] = ()
) -> list[Finding]:
    now_ms = START_MS + second * 1000
    watch.update(
        np.array(sorted(values), dtype=np.int32),
        np.full(len(values), now_ms),
        values=np.array([values[slot] for slot in sorted(values)]),
        stale_slots=np.array(stale, dtype=np.int32),
        now_ms=now_ms,
    )
    return watch.tick(now_ms)


CALM = {0: 1.0, 1: 0.4, 2: 1.0, 3: 0.4}


def test_the_shelf_holds_them() -> None:
    assert {"absence", "scorer", "threshold"} <= set(DETECTORS.names())
    with pytest.raises(PlugUnknown, match="absence, scorer, threshold"):
        DETECTORS.make("treshold", {})


@pytest.mark.parametrize(
    "settings",
    [
        {"match": []},
        {"match": ['__name__="a"']},
        {"match": ['__name__="a"'], "above": 1, "below": 2},
        {"match": ["no matcher at all"], "above": 1},
        {"match": ['__name__="a"'], "above": 1, "colour": "red"},
    ],
)
def test_a_wrong_threshold_is_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        DETECTORS.make("threshold", settings)


def test_a_limit_must_be_passed_for_long_enough() -> None:
    rule = DETECTORS.make(
        "threshold",
        {"match": ['__name__="disk_used_ratio"'], "above": 0.9, "for_s": 3, "severity": "critical"},
    )
    watch = make_watch({"disk_full": rule})
    told = [(s, f) for s in range(5) for f in step(watch, s, CALM)]
    told += [(s, f) for s in (5, 6) for f in step(watch, s, {**CALM, 3: 0.95})]
    told += [(7, f) for f in step(watch, 7, CALM)]
    assert told == [], "back below in time"
    for second in range(8, 15):
        told += [(second, f) for f in step(watch, second, {**CALM, 3: 0.95})]
    assert [second for second, _ in told] == [11]
    finding = told[0][1]
    assert finding.seen_by == "threshold"
    assert finding.fingerprint.startswith("disk_full:")
    assert finding.severity is Severity.CRITICAL
    assert finding.evidence.sentence == ("encode: disk used 95 %, above the limit of 90 % for 3 s")
    cleared = [f for s in range(15, 25) for f in step(watch, s, CALM)]
    assert [f.phase for f in cleared] == [Phase.CLEARED]


def test_below_is_a_limit_too() -> None:
    rule = DETECTORS.make("threshold", {"match": ['__name__=~"disk.*"'], "below": 0.1})
    watch = make_watch({"too_empty": rule})
    assert [f.subject.service for f in step(watch, 0, {**CALM, 1: 0.01})] == ["ingest"]


def test_the_last_word_of_a_silent_series_breaks_no_limit() -> None:
    rule = DETECTORS.make("threshold", {"match": ['__name__=~"disk.*"'], "above": 0.9, "for_s": 5})
    watch = make_watch({"absence": DETECTORS.make("absence", {"silent_s": 1000})})
    step(watch, 0, {**CALM, 1: 0.95})
    for second in range(1, 60):
        step(watch, second, {0: 1.0, 2: 1.0, 3: 0.4})
    watch.configure(TENANT, {"too_full": rule})
    assert [f for s in range(60, 90) for f in step(watch, s, {0: 1.0, 2: 1.0, 3: 0.4})] == []
    told = [f.seen_by for s in range(90, 100) for f in step(watch, s, {**CALM, 1: 0.95})]
    assert told == ["threshold"]


def test_a_target_whose_up_is_zero_is_down() -> None:
    watch = make_watch({})
    told: list[tuple[int, Finding]] = []
    for second in range(10):
        told += [(second, f) for f in step(watch, second, CALM)]
    for second in range(10, 16):
        down = {0: 1.0, 1: 0.4, 2: 0.0}
        told += [(second, f) for f in step(watch, second, down, stale=(3,))]
    assert [(second, f.subject.service, f.seen_by) for second, f in told] == [
        (13, "encode", "absence")
    ]
    assert told[0][1].severity is Severity.CRITICAL
    back = [f for s in range(16, 22) for f in step(watch, s, CALM)]
    assert [f.phase for f in back] == [Phase.CLEARED]


def test_a_target_that_falls_silent_is_absent_and_after_long_it_is_gone() -> None:
    watch = make_watch({"absence": DETECTORS.make("absence", {"silent_s": 3, "gone_after_s": 60})})
    for second in range(10):
        assert step(watch, second, CALM) == []
    half = {0: 1.0, 1: 0.4}
    told = [(s, f) for s in range(10, 90) for f in step(watch, s, half)]
    assert [(f.subject.service, f.signal, f.phase) for _, f in told] == [
        ("encode", "samples", Phase.FIRING),
        ("encode", "samples", Phase.CLEARED),
    ]
    assert told[0][0] == 14  # five intervals after the last sample
    assert told[1][0] >= 69


def test_when_all_fall_silent_the_sources_are_to_blame() -> None:
    watch = make_watch({})
    for second in range(10):
        step(watch, second, CALM)
    told = [f for s in range(10, 60) for f in step(watch, s, {})]
    assert [(f.subject.service, f.phase) for f in told] == [("sources", Phase.FIRING)]


@pytest.mark.parametrize("every_s", [15, 60])
def test_nobody_is_called_silent_before_it_could_have_spoken_again(every_s: int) -> None:
    """A sender that collects for seconds, every quarter of a minute or every minute."""
    watch = make_watch({}, 0)
    late_s, told = 5, list[Finding]()
    for second in range(4 * every_s):
        told += step(watch, second, CALM if second % every_s == late_s else {})
    assert told == []
    silent = [s for s in range(4 * every_s, 14 * every_s) for _ in step(watch, s, {})]
    assert len(silent) == 1
    assert 0 <= silent[0] - (8 * every_s + late_s) <= 1, "five intervals, to the tick"


def test_a_series_that_came_once_only_is_waited_for_five_minutes() -> None:
    watch = make_watch({}, 0)
    step(watch, 0, CALM)
    silent = [s for s in range(1, 400) for _ in step(watch, s, {})]
    assert silent == [300]


def test_silence_while_auscult_itself_slept_proves_nothing() -> None:
    watch = make_watch({})
    for second in range(10):
        step(watch, second, CALM)
    assert step(watch, 1000, {}) == []
    assert step(watch, 1001, CALM) == []
