"""What is recorded of a decision is what was done, and it is recorded once."""

from typing import Any

import pytest

from auscult.engine.events.records import settle
from auscult.engine.events.settled import Settled
from auscult.engine.events.steps import DECIDED, Rules
from auscult.kernel.facts import Acknowledged, Fact, Rang, Silenced, Timer
from auscult.kernel.incidents import ChangeKind
from auscult.kernel.times import HOUR_MS, MINUTE_MS
from auscult.kernel.words import Severity
from auscult.notification.decide import MuteRule, Route
from auscult.notification.decide.reasons import About, Reason
from auscult.notification.oncall import OnCall
from auscult.store.rows.audit import AuditRow
from tests.unit.engine.bench import ACME, Bench, found
from tests.unit.engine.events.test_calling import ONCALL

ROUTES = (
    Route.model_validate({"to": ["ops", "ada-chat"], "on": ["opened", "worsened", "resolved"]}),
    Route.model_validate({"to": "boss", "severity": "critical"}),
    Route.model_validate({"to": "edge", "match": ['service="edge"'], "on": ["resolved"]}),
    Route.model_validate({"to": "edge", "order": 9}),
)
NOBODY = OnCall(policy="")
PAUSE = MuteRule.model_validate({"name": "blips", "pause_s": 60})


def take(bench: Bench, fact: Fact) -> Settled:
    with bench.store.write() as work:
        return settle(work, fact, bench.plans, clock=bench.clock)


def decided(bench: Bench, incident: str) -> list[AuditRow]:
    with bench.store.read() as work:
        return [row for row in work.of(ACME).audit.of(incident) if row.action == DECIDED]


def effects(bench: Bench, incident: str) -> set[str]:
    with bench.store.read() as work:
        return {row.effect.key for row in work.of(ACME).effects.of(incident)}


def reasons(row: AuditRow) -> list[Reason]:
    return [Reason.model_validate(one) for one in row.detail["reasons"]]


def reached(row: AuditRow) -> set[str]:
    """Return the channels that a decision says it reaches."""
    return {
        one.channel or one.name
        for one in reasons(row)
        if one.holds and one.about in {About.CHANNEL, About.PERSON}
    }


@pytest.mark.parametrize("oncall", [NOBODY, ONCALL])
@pytest.mark.parametrize("mutes", [(), (PAUSE,)])
@pytest.mark.parametrize("severity", [Severity.WARNING, Severity.CRITICAL])
@pytest.mark.parametrize("service", ["encode", "edge"])
def test_what_a_decision_says_is_what_it_does(
    bench: Bench, oncall: OnCall, mutes: tuple[MuteRule, ...], severity: Severity, service: str
) -> None:
    bench.rules = Rules(routes=ROUTES, oncall=oncall, mutes=mutes)
    seen: set[str] = set()
    told: set[str] = set()
    facts = [
        found(service, severity=severity),
        found(service, fingerprint="fp-more", severity=severity),
        found(service, severity=Severity.CRITICAL, score=9.0),
    ]
    for fact in facts:
        bench.clock.advance(s=20)
        settled = take(bench, fact)
        assert settled.incident is not None
        incident = settled.incident.id
        said = {name for row in decided(bench, incident)[-1:] for name in reached(row)}
        now = effects(bench, incident)
        new = {key.rpartition(":")[2] for key in now - seen}
        if decided(bench, incident) and ChangeKind.OPENED in {c.kind for c in settled.changes}:
            assert said == new
        assert new <= told | said
        seen, told = now, told | said
    assert bool(seen) is not bool(mutes)


def test_the_same_decision_is_written_once(bench: Bench) -> None:
    bench.rules = Rules(routes=ROUTES)
    settled = take(bench, found())
    for number in range(5):
        bench.clock.advance(s=1)
        take(bench, found(fingerprint=f"fp-{number}"))
    assert settled.incident is not None
    rows = decided(bench, settled.incident.id)
    assert len(rows) == 2, "one for the first, one for those that join it"
    assert rows[0].detail["changes"] == ["opened"]
    assert rows[0].detail["sentence"] == "Decided: told ops, ada-chat, edge."
    assert rows[1].detail["sentence"] == "Decided: nobody new is told."


def test_each_call_is_a_decision_with_its_number(bench: Bench) -> None:
    bench.rules = Rules(oncall=ONCALL)
    settled = take(bench, found(severity=Severity.CRITICAL))
    assert settled.incident is not None
    incident = settled.incident.id
    bench.clock.advance(ms=5 * MINUTE_MS)
    with bench.store.read() as work:
        timer: Timer | None = work.of(ACME).timers.get(f"{incident}:escalate")
    assert timer is not None
    take(bench, Rang(timer=timer))
    calls: list[Any] = [
        (one.name, one.number)
        for row in decided(bench, incident)
        for one in reasons(row)
        if one.about is About.CALL
    ]
    assert calls == [("step 1", "1.0.0"), ("step 2", "1.1.0")]


def test_what_a_person_asked_is_kept_as_they_asked_it(bench: Bench) -> None:
    settled = take(bench, found())
    assert settled.incident is not None
    wishes: list[Acknowledged | Silenced] = [
        Acknowledged(tenant=ACME, incident=settled.incident.id, by="ada", for_ms=MINUTE_MS),
        Silenced(tenant=ACME, incident=settled.incident.id, by="bob", for_ms=HOUR_MS),
    ]
    for wish in wishes:
        take(bench, wish)
    with bench.store.read() as work:
        rows = work.of(ACME).audit.of(settled.incident.id)
    kept = [row.detail["fact"] for row in rows if "fact" in row.detail]
    assert kept == [one.model_dump(mode="json") for one in wishes]
