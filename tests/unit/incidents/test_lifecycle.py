"""The life of an incident, from its first sign to its end."""

import pytest

from auscult.incidents import QUIET_HOLD_MS, advance, after_effects, quiet_ms
from auscult.incidents.lifecycle import SETTLE_HOLD_MS
from auscult.kernel.errors import ObjectMissing, StateConflict
from auscult.kernel.facts import Acknowledged, Found, Rang, Released, Resolved, Timer
from auscult.kernel.findings import Evidence, Finding, Phase
from auscult.kernel.incidents import SIGNALS_MAX, ChangeKind, Incident, Status
from auscult.kernel.words import Severity, Subject, TenantId

ACME = TenantId("acme")
START_MS = 1_800_000_000_000


def finding(
    name: str = "latency",
    *,
    at_ms: int = START_MS,
    severity: Severity = Severity.WARNING,
    phase: Phase = Phase.FIRING,
    score: float = 6.0,
) -> Finding:
    return Finding(
        tenant=ACME,
        fingerprint=f"fp-{name}",
        subject=Subject(service="encode"),
        signal=name,
        seen_by="scorer",
        at_ms=at_ms,
        severity=severity,
        phase=phase,
        score=score,
        evidence=Evidence(sentence=f"encode {name} is 412 ms (usual: 8-15 ms)"),
    )


def opened(**kwargs: object) -> Incident:
    step = advance(None, Found(finding=finding(**kwargs)), now_ms=START_MS, new_id="I1")  # type: ignore[arg-type]
    assert step.incident is not None
    return step.incident


def rung(at_ms: int) -> Rang:
    return Rang(timer=Timer(key="I1:quiet", tenant=ACME, name="quiet", about="I1", due_ms=at_ms))


def test_a_first_finding_opens_an_incident_with_a_headline_that_says_since_when() -> None:
    step = advance(None, Found(finding=finding()), now_ms=START_MS + 5, new_id="I1")
    assert [change.kind for change in step.changes] == [ChangeKind.OPENED]
    assert step.incident is not None
    assert step.incident.headline == "encode latency is 412 ms (usual: 8-15 ms) since 08:00 UTC"
    assert step.incident.opened_ms == START_MS + 5


def test_the_same_finding_again_changes_nothing_that_people_see() -> None:
    incident = opened()
    step = advance(incident, Found(finding=finding()), now_ms=START_MS + 1_000, new_id="I2")
    assert step.changes == ()
    assert step.incident is not None
    assert len(step.incident.signals) == 1
    assert step.incident.id == "I1"


def test_a_worse_finding_worsens_and_leads_the_headline() -> None:
    worse = finding("errors", severity=Severity.CRITICAL)
    step = advance(opened(), Found(finding=worse), now_ms=START_MS + 1_000, new_id="I2")
    assert [change.kind for change in step.changes] == [ChangeKind.WORSENED]
    assert step.incident is not None
    assert step.incident.severity is Severity.CRITICAL
    assert "errors" in step.incident.headline


def test_it_resolves_only_after_all_signals_stayed_quiet_long_enough() -> None:
    incident = opened()
    quiet_ms = START_MS + 10_000
    cleared = finding(phase=Phase.CLEARED, at_ms=quiet_ms)
    step = advance(incident, Found(finding=cleared), now_ms=quiet_ms, new_id="-")
    assert [change.kind for change in step.changes] == [ChangeKind.QUIET]
    early = advance(step.incident, rung(quiet_ms), now_ms=quiet_ms + QUIET_HOLD_MS - 1, new_id="-")
    assert early.changes == ()
    over = advance(step.incident, rung(quiet_ms), now_ms=quiet_ms + QUIET_HOLD_MS, new_id="-")
    assert [change.kind for change in over.changes] == [ChangeKind.RESOLVED]
    assert over.incident is not None
    assert over.incident.status is Status.RESOLVED
    assert over.incident.headline.startswith("Over after 30 s: ")


def test_a_signal_that_comes_back_in_time_belongs_to_the_same_incident() -> None:
    quiet_ms = START_MS + 10_000
    cleared = finding(phase=Phase.CLEARED, at_ms=quiet_ms)
    quiet = advance(opened(), Found(finding=cleared), now_ms=quiet_ms, new_id="-").incident
    step = advance(quiet, Found(finding=finding()), now_ms=quiet_ms + 5_000, new_id="I2")
    assert [change.kind for change in step.changes] == [ChangeKind.RETURNED]
    assert step.incident is not None
    assert step.incident.quiet_since_ms is None
    ring = advance(step.incident, rung(quiet_ms), now_ms=quiet_ms + 90_000, new_id="-")
    assert ring.changes == ()


def test_acknowledging_twice_is_acknowledging_once() -> None:
    fact = Acknowledged(tenant=ACME, incident="I1", by="ana")
    once = advance(opened(), fact, now_ms=START_MS + 1, new_id="-")
    assert [change.kind for change in once.changes] == [ChangeKind.ACKNOWLEDGED]
    twice = advance(once.incident, fact, now_ms=START_MS + 2, new_id="-")
    assert twice.changes == ()
    assert twice.incident == once.incident


def test_who_has_an_incident_may_give_it_back_and_nobody_else() -> None:
    taken = advance(
        opened(),
        Acknowledged(tenant=ACME, incident="I1", by="ana"),
        now_ms=START_MS + 1,
        new_id="-",
    ).incident
    with pytest.raises(StateConflict, match="ana has it"):
        advance(
            taken,
            Released(tenant=ACME, incident="I1", by="bo"),
            now_ms=START_MS + 2,
            new_id="-",
        )
    fact = Released(tenant=ACME, incident="I1", by="ana")
    back = advance(taken, fact, now_ms=START_MS + 3, new_id="-")
    assert [change.kind for change in back.changes] == [ChangeKind.RELEASED]
    assert back.incident == opened().model_copy(update={"updated_ms": START_MS + 3})
    assert advance(back.incident, fact, now_ms=START_MS + 4, new_id="-").changes == ()


def test_people_are_told_when_the_incident_is_missing_or_over() -> None:
    fact = Resolved(tenant=ACME, incident="I1", by="ana")
    with pytest.raises(ObjectMissing):
        advance(None, fact, now_ms=START_MS, new_id="-")
    over = advance(opened(), fact, now_ms=START_MS, new_id="-").incident
    with pytest.raises(StateConflict, match="already resolved by ana"):
        advance(over, fact, now_ms=START_MS, new_id="-")


def test_a_cleared_finding_without_an_incident_is_nothing() -> None:
    step = advance(None, Found(finding=finding(phase=Phase.CLEARED)), now_ms=START_MS, new_id="I1")
    assert step.incident is None
    assert step.changes == ()


def test_an_incident_stays_bounded_and_keeps_its_worst_signals() -> None:
    incident = opened(name="worst", severity=Severity.CRITICAL, score=300.0)
    for number in range(SIGNALS_MAX + 20):
        found = Found(finding=finding(f"n{number}", score=float(number)))
        step = advance(incident, found, now_ms=START_MS + number, new_id="-")
        assert step.incident is not None
        incident = step.incident
    assert len(incident.signals) == SIGNALS_MAX
    names = {signal.signal for signal in incident.signals}
    assert "worst" in names
    assert "n1" not in names


def hit(incident: Incident | None, found: Finding) -> Incident:
    step = advance(incident, Found(finding=found), now_ms=found.at_ms, new_id="I1")
    assert step.incident is not None
    return step.incident


def left_behind(**weaker: object) -> Incident:
    """A strong signal that is over, and a weaker one that began after it and goes on."""
    incident = hit(None, finding("down", severity=Severity.CRITICAL, score=0.0))
    later = finding("lag", at_ms=START_MS + 2_000, **weaker)  # type: ignore[arg-type]
    incident = hit(incident, later)
    return hit(incident, finding("down", phase=Phase.CLEARED, at_ms=START_MS + 5_000))


def test_what_an_incident_leaves_behind_is_settled_once_it_has_stood_still() -> None:
    incident = left_behind()
    assert [one.signal for one in after_effects(incident)] == ["lag"]
    still_ms = START_MS + 2_000 + SETTLE_HOLD_MS
    assert advance(incident, rung(still_ms), now_ms=still_ms - 1, new_id="-").changes == ()
    step = advance(incident, rung(still_ms), now_ms=still_ms, new_id="-")
    assert [change.kind for change in step.changes] == [ChangeKind.SETTLED]
    assert "lag is 412 ms" in step.changes[0].sentence
    assert step.incident is not None
    assert step.incident.status is Status.OPEN, "it ends when the observer says that all is usual"


def test_what_stood_still_is_not_waited_for_twice() -> None:
    still_ms = START_MS + 5_000 + SETTLE_HOLD_MS
    settled = advance(left_behind(), rung(still_ms), now_ms=still_ms, new_id="-").incident
    assert settled is not None
    assert quiet_ms(settled) is None, "it still fires"
    usual = finding("lag", phase=Phase.CLEARED, at_ms=still_ms + 700)
    quiet = advance(settled, Found(finding=usual), now_ms=still_ms + 900, new_id="-").incident
    assert quiet is not None
    over_ms = START_MS + 5_000 + QUIET_HOLD_MS
    assert quiet_ms(quiet) == over_ms, "the last thing to change was that the strong one ended"
    step = advance(quiet, rung(over_ms), now_ms=over_ms, new_id="-")
    assert [change.kind for change in step.changes] == [ChangeKind.RESOLVED]


def test_what_moves_after_it_was_settled_belongs_to_the_same_incident() -> None:
    still_ms = START_MS + 5_000 + SETTLE_HOLD_MS
    settled = advance(left_behind(), rung(still_ms), now_ms=still_ms, new_id="-").incident
    worse = hit(settled, finding("lag", at_ms=still_ms + 500, score=8.0))
    assert worse.quiet_since_ms is None
    usual = finding("lag", phase=Phase.CLEARED, at_ms=still_ms + 700)
    assert quiet_ms(hit(worse, usual)) == still_ms + 700 + QUIET_HOLD_MS


def test_what_moves_again_waits_again() -> None:
    worse = finding("lag", at_ms=START_MS + 15_000, score=7.0)
    incident = hit(left_behind(), worse)
    early_ms = START_MS + 15_000 + SETTLE_HOLD_MS - 1
    assert advance(incident, rung(early_ms), now_ms=early_ms, new_id="-").changes == ()


@pytest.mark.parametrize(
    "weaker",
    [{"severity": Severity.CRITICAL}, {"score": 0.0}],
    ids=["a critical signal is a fault", "a rule is never taken as usual"],
)
def test_a_fault_that_goes_on_is_no_after_effect(weaker: dict[str, object]) -> None:
    assert after_effects(left_behind(**weaker)) == ()


def test_nothing_is_an_after_effect_of_something_weaker_or_of_nothing() -> None:
    assert after_effects(opened()) == ()
    incident = hit(opened(score=9.0), finding("blip", score=3.0, at_ms=START_MS + 1))
    incident = hit(incident, finding("blip", phase=Phase.CLEARED, at_ms=START_MS + 9_000))
    assert after_effects(incident) == ()
