"""The desk: when a finding that comes and goes is over."""

from dataclasses import replace

import numpy as np

from auscult.detection.alerts import RETURNED_QUIET_MS, RETURNS_WITHIN_MS, Desk
from auscult.detection.port import Complaint
from auscult.kernel.words import Severity, Subject, TenantId

ACME = TenantId("acme")
QUIET_MS = 5_000
ODD = Complaint(
    slot=3,
    subject=Subject(service="edge"),
    signal="duration",
    since_ms=0,
    score=9.0,
    severity=Severity.WARNING,
    sentence="edge: duration 21 ms (usual: 1-3 ms)",
)


def make_desk() -> Desk:
    nothing = np.empty(0, dtype=np.int64), np.empty(0)
    return Desk(ACME, labels_of=lambda _: (), unit_of=lambda _: "s", history=lambda _: nothing)


def told_of(desk: Desk, odd_ms: set[int], *, upto_ms: int, complaint: Complaint = ODD) -> list[str]:
    """Complain at some moments of all seconds; return what was told, and when."""
    told = []
    for now_ms in range(1_000, upto_ms, 1_000):
        complaints = [complaint] if now_ms in odd_ms else []
        found = desk.hear(("scorer", "scorer"), complaints, quiet_ms=QUIET_MS, now_ms=now_ms)
        told += [f"{finding.phase.value} {now_ms // 1_000}" for finding in found]
    return told


def test_what_comes_back_soon_after_its_end_must_be_quiet_for_longer() -> None:
    back_ms, again_ms = 20_000, 37_000
    assert again_ms - back_ms < RETURNED_QUIET_MS
    told = told_of(make_desk(), {1_000, back_ms, again_ms}, upto_ms=120_000)
    assert told == ["firing 1", "cleared 7", "firing 20", "cleared 58"]


def test_what_comes_back_late_is_a_new_one() -> None:
    back_ms = 7_000 + RETURNS_WITHIN_MS + 1_000
    told = told_of(make_desk(), {1_000, back_ms}, upto_ms=120_000)
    assert told[2:] == [f"firing {back_ms // 1_000}", f"cleared {back_ms // 1_000 + 6}"]


def test_a_plain_fact_is_over_when_it_is_over() -> None:
    fact = replace(ODD, score=0.0)
    told = told_of(make_desk(), {1_000, 20_000}, upto_ms=60_000, complaint=fact)
    assert told == ["firing 1", "cleared 7", "firing 20", "cleared 26"]
