"""However many effects an incident has: who was told, what is first, and what was left, holds."""

from typing import Any

from auscult.engine.events.claims import take_up
from auscult.engine.events.records import settle
from auscult.engine.events.steps import Rules
from auscult.kernel.effects import Outcome, Result
from auscult.kernel.facts import Answered, Fact, Rang, Resolved
from auscult.kernel.incidents import Incident
from auscult.kernel.times import HOUR_MS
from auscult.kernel.words import Severity
from auscult.notification.decide import Route
from auscult.notification.oncall import OnCall
from auscult.store import Claim
from tests.unit.engine.bench import ACME, Bench, an_effect, found

MANY = 600
"""More than any reading of an incident's effects returns."""

POLICY = {
    "name": "p",
    "steps": [{"to": "channel:ops"}, {"to": "channel:boss", "wait_min": 5}],
    "fallback": "channel:ops",
}


def take(bench: Bench, fact: Fact) -> Incident:
    with bench.store.write() as work:
        incident = settle(work, fact, bench.plans, clock=bench.clock).incident
    assert incident is not None
    return incident


def crowd(bench: Bench, incident: str) -> None:
    """Let an incident have many messages to another channel, all of them due before."""
    now_ms = bench.clock.now_ms()
    wishes = [
        an_effect(
            key=f"{incident}:returned:{number}:loud",
            to="loud",
            incident=incident,
            payload={"kind": "returned"},
            due_ms=now_ms - HOUR_MS + number,
        )
        for number in range(MANY)
    ]
    with bench.store.write() as work:
        rows = work.of(ACME).effects
        for wish in rows.wish_all(wishes):
            rows.settle_pending(
                Outcome(key=wish.key, tenant=ACME, result=Result.DONE, at_ms=now_ms)
            )


def keys(bench: Bench, *wanted: str) -> list[str]:
    with bench.store.read() as work:
        return [key for key in wanted if work.of(ACME).effects.row(key) is not None]


def test_who_was_told_hears_of_the_end(bench: Bench) -> None:
    incident = take(bench, found()).id
    crowd(bench, incident)
    take(bench, Resolved(tenant=ACME, incident=incident, by="ada"))
    end = f"{incident}:resolved:1:ops"
    assert keys(bench, end) == [end]


def test_the_end_waits_for_the_beginning(bench: Bench) -> None:
    incident = take(bench, found()).id
    crowd(bench, incident)
    bench.clock.advance(ms=1)
    take(bench, Resolved(tenant=ACME, incident=incident, by="ada"))
    now_ms = bench.clock.now_ms()
    with bench.store.write() as work:
        claim = Claim("effect", ACME, f"{incident}:resolved:1:ops", 1)
        assert take_up(work, claim, now_ms=now_ms) is None
        told = Outcome(
            key=f"{incident}:opened:1:ops", tenant=ACME, result=Result.DONE, at_ms=now_ms
        )
        work.of(ACME).effects.settle(told)
        assert take_up(work, claim, now_ms=now_ms) is not None


def test_what_the_first_message_left_is_there_for_the_last(bench: Bench) -> None:
    incident = take(bench, found()).id
    left: dict[str, Any] = {"kept_by": {"ops": {"ts": "1.5"}}}
    outcome = Outcome(
        key=f"{incident}:opened:1:ops",
        tenant=ACME,
        result=Result.DONE,
        at_ms=bench.clock.now_ms(),
        data=left,
    )
    with bench.store.write() as work:
        settle(work, Answered(outcome=outcome), bench.plans, clock=bench.clock)
    crowd(bench, incident)
    bench.clock.advance(ms=1)
    take(bench, Resolved(tenant=ACME, incident=incident, by="ada"))
    with bench.store.write() as work:
        claim = Claim("effect", ACME, f"{incident}:resolved:1:ops", 1)
        effect = take_up(work, claim, now_ms=bench.clock.now_ms())
    assert effect is not None
    assert effect.payload["kept_by"] == {"ops": {"ts": "1.5"}}


def test_a_stand_in_hears_of_the_end_too(bench: Bench) -> None:
    incident = take(bench, found()).id
    outcome = Outcome(
        key=f"{incident}:opened:1:ops",
        tenant=ACME,
        result=Result.DONE,
        at_ms=bench.clock.now_ms(),
        data={"kept_by": {"mail": {}}},
    )
    with bench.store.write() as work:
        settle(work, Answered(outcome=outcome), bench.plans, clock=bench.clock)
    crowd(bench, incident)
    take(bench, Resolved(tenant=ACME, incident=incident, by="ada"))
    wanted = [f"{incident}:resolved:1:{channel}" for channel in ("mail", "ops")]
    assert keys(bench, *wanted) == wanted


def test_whoever_is_called_is_paged_although_the_key_was_given_before(bench: Bench) -> None:
    """A clock that is set back makes what was told look as if it were still to come."""
    oncall = OnCall.model_validate({"policies": [POLICY], "policy": "p"})
    bench.rules = Rules(routes=(Route(to=("boss",)),), oncall=oncall)
    incident = take(bench, found(severity=Severity.CRITICAL)).id
    assert keys(bench, f"{incident}:opened:1:boss")
    with bench.store.read() as work:
        timer = work.of(ACME).timers.get(f"{incident}:escalate")
    assert timer is not None
    with bench.store.write() as work:
        work.of(ACME).timers.set(timer.model_copy(update={"due_ms": 0}))
    bench.clock.jump(-HOUR_MS)
    with bench.store.write() as work:
        kept = work.of(ACME).incidents.get(incident)
        assert kept is not None
        assert kept.escalation is not None
        taken = tuple(one.model_copy(update={"at_ms": 0}) for one in kept.escalation.taken)
        escalation = kept.escalation.model_copy(update={"taken": taken})
        work.of(ACME).incidents.put(kept.model_copy(update={"escalation": escalation}))
    take(bench, Rang(timer=timer))
    again = f"{incident}:escalated:again.{bench.clock.now_ms()}:boss"
    assert keys(bench, again) == [again]
    with bench.store.read() as work:
        assert again in {one.key for one in work.of(ACME).pages.of(incident)}
