"""The score of a campaign: what belongs to which fault, who was named, what is false."""

import os
import subprocess
import sys
import time
from typing import Any

import pytest

from tests.benchmarks.campaign_score import (
    GRACE_S,
    Fault,
    Log,
    Reader,
    judge,
    quiet_hours,
    rate_range,
    share_range,
    stage_of,
    summarise,
)
from tests.benchmarks.processes import Host

SLOW = Fault("delay", "package", started_ms=100_000, ended_ms=130_000)
LINK = Fault("link_delay", "encode", started_ms=300_000, ended_ms=330_000)


def signal(service: str, first_ms: int, **more: Any) -> dict[str, Any]:
    return {
        "fingerprint": f"{service}:{more.get('signal', 'x')}",
        "subject": {"service": service, "instance": ""},
        "signal": "x",
        "seen_by": "scorer",
        "severity": "warning",
        "first_ms": first_ms,
        "last_ms": first_ms,
        "peak_score": 5.0,
        "phase": "firing",
        "sentence": "so",
    } | more


def logged(*looks: tuple[int, list[dict[str, Any]]]) -> Log:
    log, reader = Log(), Reader()
    for at_ms, signals in looks:
        log.add(at_ms, reader.read([{"id": "i1", "signals": signals}]))
    return log


def test_the_first_finding_that_the_fault_explains_is_the_one() -> None:
    log = logged(
        (99_000, [signal("package", 99_000)]),
        (112_000, [signal("package", 99_000), signal("ingest", 101_000), signal("edge", 104_000)]),
    )
    row = judge(SLOW, log)
    assert (row.seconds, row.first, row.named) == (4.0, "edge", "edge")
    assert not row.is_named_right
    assert row.by == ("scorer",)


@pytest.mark.parametrize(("named_at_ms", "right"), [(129_000, True), (131_000, False)])
def test_only_what_was_said_within_thirty_seconds_names_the_stage(
    named_at_ms: int, right: bool
) -> None:
    late = [signal("edge", 104_000), signal("package", 128_000, severity="critical")]
    row = judge(SLOW, logged((110_000, late[:1]), (named_at_ms, late)))
    assert row.is_named_right is right


def test_the_headline_leads_with_the_worst_then_the_surest() -> None:
    told = [signal("edge", 104_000, peak_score=4.0), signal("package", 109_000, peak_score=9.0)]
    row = judge(SLOW, logged((110_000, told)))
    assert (row.first, row.named, row.is_named_right, row.is_first_right) == (
        *("edge", "package"),
        *(True, False),
    )


def test_of_a_link_both_ends_are_right() -> None:
    for service, right in (("encode", True), ("package", True), ("edge", False)):
        row = judge(LINK, logged((310_000, [signal(service, 305_000)])))
        assert row.is_named_right is right


def test_what_cleared_and_fires_again_is_found_again() -> None:
    first = signal("edge", 104_000)
    log = logged(
        (105_000, [first]),
        (200_000, [first | {"phase": "cleared", "last_ms": 140_000}]),
        (306_000, [first | {"last_ms": 305_000}]),
    )
    assert judge(SLOW, log).seconds == 4.0
    assert judge(LINK, log).seconds == 5.0


def test_a_finding_beyond_the_grace_or_about_somebody_else_is_false() -> None:
    faults = [SLOW, LINK]
    signals = [
        signal("package", 140_000),  # within the grace
        signal("package", 151_000, signal="late"),
        signal("source", 310_000),
        signal("package", 305_000, signal="y"),
        signal("edge", 50, signal="before the campaign"),
    ]
    score = summarise(faults, logged((400_000, signals)), since_ms=10_000, until_ms=400_000)
    assert score["false_in_quiet"] == 1
    assert score["false_during_faults"] == 1
    assert score["quiet_hours"] == pytest.approx((390 - 2 * 50) / 3_600)
    assert score["all"]["detected"] == 2
    assert score["kinds"]["delay"]["injected"] == 1
    assert score["slow"]["injected"] == 2


def test_a_note_claims_no_fault() -> None:
    notes = [signal("edge", 104_000, severity="info"), signal("edge", 9_000, severity="info")]
    log = logged((200_000, notes))
    assert judge(SLOW, log).seconds is None
    score = summarise([SLOW], log, since_ms=0, until_ms=200_000)
    assert (score["false_in_quiet"], score["notes_in_quiet"]) == (0, 1)
    assert [one["severity"] for one in score["false"]] == ["info"]


def test_nothing_found_is_said_so() -> None:
    row = judge(SLOW, Log())
    assert (row.seconds, row.first, row.named) == (None, None, None)
    score = summarise([SLOW], Log(), since_ms=0, until_ms=200_000)
    assert score["all"]["median_s"] is None


def test_replicas_and_audiences_are_their_stage() -> None:
    assert [stage_of(name) for name in ("encode-2", "listeners-acme", "edge")] == [
        *("encode", "listeners", "edge"),
    ]
    # An audience is fed by every stage: whatever breaks may be heard there.
    assert SLOW.explains("listeners-acme")
    assert SLOW.explains("acme/charts")
    assert not SLOW.explains("enhance")
    assert not SLOW.explains("source")
    assert SLOW.explains("encode")


def test_overlapping_graces_are_not_quiet_twice() -> None:
    near = Fault("kill", "edge", started_ms=140_000, ended_ms=141_000)
    assert quiet_hours([SLOW, near], 90_000, 171_000) * 3_600 == pytest.approx(20)


def test_what_is_found_while_others_hold_the_cores_is_told_apart() -> None:
    signals = [signal("package", 10_000), signal("edge", 60_000, signal="y")]
    others = Fault.of_others(9_000, 10_000)
    score = summarise(
        [SLOW], logged((99_000, signals)), since_ms=0, until_ms=99_000, disturbed=[others]
    )
    assert (score["false_in_quiet"], score["false_while_disturbed"]) == (1, 1)
    assert score["disturbed_hours"] * 3_600 == pytest.approx(1 + GRACE_S)
    assert score["quiet_hours"] * 3_600 == pytest.approx(99 - 1 - GRACE_S)
    assert [one["while_disturbed"] for one in score["false"]] == [True, False]


def test_the_cores_that_others_hold_are_told_from_those_of_the_own_tree() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as idle:
        own, stranger = Host(os.getpid()), Host(idle.pid)
        assert (own.share_of_others(), stranger.share_of_others()) == (0.0, 0.0)
        ends_s = time.monotonic() + 1
        while time.monotonic() < ends_s:
            pass
        busy = stranger.share_of_others() - own.share_of_others()
        idle.kill()
    assert busy > 0.3 / (os.cpu_count() or 1), "to a stranger this very process is another"


def test_intervals() -> None:
    assert share_range(9, 10) == pytest.approx((0.596, 0.982), abs=0.002)
    assert rate_range(0, 2.0) == pytest.approx((0.0, 3.689 / 2), abs=0.01)
    assert rate_range(3, 1.0) == pytest.approx((0.619, 8.767), abs=0.01)
