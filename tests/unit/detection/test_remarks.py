"""A remark is told once, again when it is worse or elsewhere, and ended once."""

from dataclasses import replace
from weakref import ref

import numpy as np

from auscult.detection.remarks import OPEN_MAX, Clip, Ledger, Remark
from auscult.kernel.findings import Phase
from auscult.kernel.sounds import Sound
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


def test_a_note_that_becomes_a_fault_ends_and_is_told_anew_under_its_own_name() -> None:
    ledger = Ledger(ACME)
    note = replace(SILENCE, severity=Severity.INFO)
    (noted,) = ledger.hear(BY, [note], quiet_ms=5_000, now_ms=0)
    ended, told = ledger.hear(BY, [SILENCE], quiet_ms=5_000, now_ms=1_000)
    assert ended.finding.phase is Phase.CLEARED
    assert ended.finding.fingerprint == noted.finding.fingerprint
    assert "is a fault by now" in ended.finding.evidence.sentence
    assert told.finding.phase is Phase.FIRING
    assert told.finding.fingerprint != noted.finding.fingerprint
    assert ledger.firing() == {told.finding.fingerprint}
    assert hear(ledger, note, now_ms=2_000) == [], "it does not become a note again"


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


def test_what_was_not_seen_to_heal_ends_with_a_sentence_of_its_own() -> None:
    ledger = Ledger(ACME)
    over = replace(SILENCE, over="nobody listens there any more")
    assert hear(ledger, over, now_ms=0) == [], "it was not told, so nothing ends"
    hear(ledger, SILENCE, now_ms=0)
    (told,) = ledger.hear(BY, [over], quiet_ms=5_000, now_ms=1_000)
    assert told.finding.phase is Phase.CLEARED
    assert told.finding.evidence.sentence == "nobody listens there any more"
    assert not ledger.firing()


def test_what_is_open_is_found_by_its_fingerprint() -> None:
    ledger = Ledger(ACME)
    hear(ledger, SILENCE, replace(SILENCE, signal="gap"), now_ms=0)
    for fingerprint in ledger.firing():
        (key,) = ledger.find({fingerprint, "another's"})
        assert key[:2] == ("ear", "acme/morning")
    assert not ledger.find({"another's"})


def test_the_sound_of_what_is_open_is_not_kept() -> None:
    ledger = Ledger(ACME)
    clip = Clip("silence", Sound(np.zeros((48_000, 2), np.float32), 48_000))
    (told,) = ledger.hear(BY, [replace(SILENCE, clips=(clip,))], quiet_ms=0, now_ms=0)
    assert told.clips == (clip,)
    gone = ref(clip.sound.samples)
    del told, clip
    assert gone() is None


def test_what_is_open_is_bounded_and_what_is_untold_is_counted() -> None:
    ledger = Ledger(ACME)
    many = [replace(SILENCE, about=f"p{n}") for n in range(OPEN_MAX + 10)]
    assert len(hear(ledger, *many, now_ms=0)) == OPEN_MAX
    assert ledger.untold == {"ear": 10}
    hear(ledger, *many[:5], now_ms=6_000)
    assert ledger.untold == {"ear": 0}
