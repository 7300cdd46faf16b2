"""A remark is told once, again when it is worse or elsewhere, and ended once."""

from dataclasses import replace

from auscult.detection.remarks import OPEN_MAX, Ledger, Remark
from auscult.kernel.findings import Phase
from auscult.kernel.words import Severity, Subject, TenantId

ACME = TenantId("acme")
BY = ("ear", "audio_quality")
SILENCE = Remark(
    about="acme/morning",
    signal="silence",
    subject=Subject(service="edge"),
    since_ms=1_000,
    severity=Severity.WARNING,
    sentence="silent for 2.3 s",
    score=4.0,
)


def hear(ledger: Ledger, *remarks: Remark, now_ms: int) -> list[tuple[Phase, str]]:
    told = ledger.hear(BY, remarks, quiet_ms=5_000, now_ms=now_ms)
    return [(one.finding.phase, one.finding.subject.service) for one in told]


def test_a_remark_is_told_once_and_ended_once() -> None:
    ledger = Ledger(ACME)
    assert hear(ledger, SILENCE, now_ms=0) == [(Phase.FIRING, "edge")]
    assert hear(ledger, SILENCE, now_ms=1_000) == []
    assert len(ledger.firing()) == 1
    assert hear(ledger, now_ms=6_000) == []
    assert hear(ledger, now_ms=6_001) == [(Phase.CLEARED, "edge")]
    assert not ledger.firing()
    assert hear(ledger, now_ms=9_000) == []


def test_a_remark_is_told_again_where_it_is_worse_or_laid_elsewhere() -> None:
    ledger = Ledger(ACME)
    hear(ledger, SILENCE, now_ms=0)
    moved = replace(SILENCE, subject=Subject(service="enhance"))
    assert hear(ledger, moved, now_ms=1_000) == [], "it may go back and forth"
    assert hear(ledger, SILENCE, now_ms=6_000) == []
    assert hear(ledger, moved, now_ms=10_000) == [(Phase.FIRING, "enhance")]
    worse = replace(moved, score=8.0)
    assert hear(ledger, worse, now_ms=14_000) == []
    assert hear(ledger, worse, now_ms=20_000) == [(Phase.FIRING, "enhance")]
    graver = replace(worse, severity=Severity.CRITICAL)
    assert hear(ledger, graver, now_ms=20_001) == [(Phase.FIRING, "enhance")]


def test_the_same_thing_keeps_its_fingerprint_and_others_have_their_own() -> None:
    ledger = Ledger(ACME)
    told = ledger.hear(
        BY,
        [SILENCE, replace(SILENCE, signal="gap"), replace(SILENCE, about="acme/charts")],
        quiet_ms=0,
        now_ms=0,
    )
    again = Ledger(ACME).hear(BY, [SILENCE], quiet_ms=0, now_ms=99)
    assert len({one.finding.fingerprint for one in told}) == len(told)
    assert again[0].finding.fingerprint == told[0].finding.fingerprint


def test_what_a_monitor_said_that_is_gone_has_ended() -> None:
    ledger = Ledger(ACME)
    hear(ledger, SILENCE, now_ms=0)
    assert not ledger.drop(["ear"], 1)
    assert [one.finding.phase for one in ledger.drop(["other"], 1)] == [Phase.CLEARED]


def test_what_is_open_is_bounded() -> None:
    ledger = Ledger(ACME)
    many = [replace(SILENCE, about=f"p{n}") for n in range(OPEN_MAX + 10)]
    assert len(hear(ledger, *many, now_ms=0)) == OPEN_MAX
