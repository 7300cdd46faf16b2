"""What is muted is told when the reason is gone, and never if it is over by then."""

from typing import Any

import pytest
from pydantic import ValidationError

from auscult.engine.events.records import settle
from auscult.engine.events.settled import Settled
from auscult.engine.events.steps import Rules
from auscult.kernel.facts import Acknowledged, Escalated, Fact, Rang, Released, Resolved, Timer
from auscult.kernel.findings import Phase
from auscult.kernel.incidents import ChangeKind, Incident
from auscult.kernel.times import HOUR_MS, MINUTE_MS, SECOND_MS
from auscult.kernel.words import Severity
from auscult.notification.decide import LOOK_MS, MuteRule, Route
from auscult.notification.oncall import OnCall
from tests.unit.engine.bench import ACME, Bench, found, silence

POLICY = {
    "name": "p",
    "steps": [{"to": "channel:phone"}, {"to": "channel:boss", "wait_min": 5}],
    "fallback": "channel:ops",
}
ONCALL = OnCall.model_validate({"policies": [POLICY], "policy": "p"})


def rule(**fields: Any) -> MuteRule:
    return MuteRule.model_validate({"name": "m", **fields})


def rules(bench: Bench, *mutes: MuteRule) -> None:
    bench.rules = Rules(routes=(Route(to=("ops",)),), mutes=mutes)


def take(bench: Bench, fact: Fact) -> Settled:
    with bench.store.write() as work:
        return settle(work, fact, bench.plans, clock=bench.clock)


def open_one(bench: Bench, **changed: Any) -> Incident:
    told = {"severity": Severity.CRITICAL, "at_ms": bench.clock.now_ms(), **changed}
    incident = take(bench, found(**told)).incident
    assert incident is not None
    return incident


def timer_of(bench: Bench, incident: Incident, name: str = "mute") -> Timer | None:
    with bench.store.read() as work:
        return work.of(ACME).timers.get(f"{incident.id}:{name}")


def ring(bench: Bench, incident: Incident, name: str = "mute") -> Settled:
    timer = timer_of(bench, incident, name)
    assert timer is not None
    bench.clock.advance(ms=max(0, timer.due_ms - bench.clock.now_ms()))
    return take(bench, Rang(timer=timer))


def ring_until_told(bench: Bench, incident: Incident) -> int:
    """Ring the timer until nothing mutes any more; return how long that took."""
    began_ms = bench.clock.now_ms()
    for _ in range(1_000):
        if ChangeKind.UNMUTED in {change.kind for change in ring(bench, incident).changes}:
            return bench.clock.now_ms() - began_ms
    raise AssertionError("it stays muted for ever")


def sent(bench: Bench, incident: Incident) -> list[str]:
    with bench.store.read() as work:
        effects = [row.effect for row in work.of(ACME).effects.of(incident.id)]
    return [f"{one.to} {one.payload['kind']}" for one in effects]


def said(bench: Bench, incident: Incident) -> list[str]:
    with bench.store.read() as work:
        return [str(row.detail["sentence"]) for row in work.of(ACME).audit.of(incident.id, 100)]


def test_a_blip_is_told_to_nobody_and_what_stays_is(bench: Bench) -> None:
    rules(bench, rule(pause_s=30))
    blip = open_one(bench)
    assert sent(bench, blip) == []
    assert "Nobody is told for now, by m: it may be over within 30 s." in said(bench, blip)
    bench.clock.advance(s=5)
    take(bench, Resolved(tenant=ACME, incident=blip.id, by="ann"))
    assert sent(bench, blip) == []
    assert timer_of(bench, blip) is None or ring(bench, blip).effects == 0
    stays = open_one(bench)
    assert ring_until_told(bench, stays) == 30 * SECOND_MS
    assert sent(bench, stays) == ["ops opened"]


def test_a_silence_mutes_until_its_end_or_until_it_is_ended(bench: Bench) -> None:
    rules(bench)
    made = silence(bench, 'service="encode"')
    incident = open_one(bench)
    assert sent(bench, incident) == []
    assert "Nobody is told for now, by silence of ann: we move it." in said(bench, incident)
    other = open_one(bench, service="package")
    assert sent(bench, other) == ["ops opened"]
    bench.clock.advance(s=20)
    with bench.store.write() as work:
        ended = made.model_copy(update={"ends_ms": bench.clock.now_ms()})
        work.of(ACME).silences.put(ended)
    assert ring_until_told(bench, incident) <= LOOK_MS
    assert sent(bench, incident) == ["ops opened"]


def test_a_signal_that_is_not_silenced_is_told(bench: Bench) -> None:
    rules(bench)
    silence(bench, 'signal="latency"')
    incident = open_one(bench)
    assert sent(bench, incident) == []
    open_one(bench, signal="errors", fingerprint="fp-2")
    assert sent(bench, incident) == ["ops opened"]


def test_maintenance_by_the_week_and_once(bench: Bench) -> None:
    weekly = rule(hours=[{"start": "00:00", "end": "02:00"}], match=['service="encode"'])
    rules(bench, weekly)
    incident = open_one(bench)
    mute = incident.mute
    assert mute is not None
    assert mute.why == "maintenance"
    assert ring_until_told(bench, incident) == 2 * HOUR_MS
    once = rule(start="2026-01-01T00:00", end="2026-01-02T00:00")
    rules(bench, once)
    again = open_one(bench, service="package", fingerprint="fp-2")
    assert (again.mute is not None) == (bench.clock.now_ms() < 1_767_312_000_000)


def test_what_depends_on_something_broken_waits_for_it(bench: Bench) -> None:
    rules(bench, rule(match=['service="player"'], **{"while": ['service="encode"']}))
    below = open_one(bench, subject={"service": "encode", "instance": "a"})
    above = open_one(bench, subject={"service": "player"}, fingerprint="fp-2", signal="stalls")
    assert above.id != below.id, "one story would be told as one"
    assert sent(bench, above) == []
    assert above.mute is not None
    assert above.mute.other == below.id
    take(bench, Resolved(tenant=ACME, incident=below.id, by="ann"))
    assert ring_until_told(bench, above) <= LOOK_MS
    assert sent(bench, above) == ["ops opened"]


def test_what_flaps_is_told_once_it_stays(bench: Bench) -> None:
    rules(bench, rule(flaps=3, within_min=60, hold_min=10))
    for _ in range(2):
        incident = open_one(bench)
        assert sent(bench, incident) == ["ops opened"]
        bench.clock.advance(s=60)
        take(bench, Resolved(tenant=ACME, incident=incident.id, by="ann"))
        bench.clock.advance(s=60)
    third = open_one(bench)
    assert sent(bench, third) == []
    assert third.mute is not None
    assert "begun 3 times" in third.mute.why
    assert ring_until_told(bench, third) == 10 * MINUTE_MS
    assert sent(bench, third) == ["ops opened"]


def test_nobody_is_called_by_a_policy_either_unless_a_person_asks(bench: Bench) -> None:
    bench.rules = Rules(oncall=ONCALL, mutes=(rule(pause_s=60),))
    incident = open_one(bench)
    assert sent(bench, incident) == []
    assert timer_of(bench, incident, "escalate") is not None
    ring_until_told(bench, incident)
    assert sent(bench, incident) == ["phone opened"]
    asked = open_one(bench, service="package", fingerprint="fp-2")
    take(bench, Escalated(tenant=ACME, incident=asked.id, by="ann"))
    assert sent(bench, asked) == ["phone opened"], "whoever asks is not muted"


def test_a_step_that_is_due_while_it_is_muted_waits(bench: Bench) -> None:
    bench.rules = Rules(oncall=ONCALL)
    incident = open_one(bench)
    silence(bench, 'service="encode"', for_ms=20 * MINUTE_MS)
    assert ring(bench, incident, "escalate").effects == 0
    assert sent(bench, incident) == ["phone opened"]
    ring_until_told(bench, incident)
    assert sent(bench, incident) == ["phone opened", "boss opened"]


def test_who_was_told_before_hears_of_the_end_although_it_is_muted(bench: Bench) -> None:
    rules(bench)
    incident = open_one(bench)
    silence(bench, 'service="encode"')
    take(bench, found(phase=Phase.CLEARED, at_ms=bench.clock.now_ms()))
    take(bench, Resolved(tenant=ACME, incident=incident.id, by="ann"))
    assert sent(bench, incident) == ["ops opened", "ops resolved"]


LOUD = Route(
    to=("ops",),
    on=(
        ChangeKind.OPENED,
        ChangeKind.WORSENED,
        ChangeKind.RETURNED,
        ChangeKind.ACKNOWLEDGED,
        ChangeKind.RELEASED,
        ChangeKind.RESOLVED,
    ),
)


def told_before(bench: Bench) -> Incident:
    """Return an incident that `ops` was told of, and that is silenced since."""
    bench.rules = Rules(routes=(LOUD,))
    incident = open_one(bench, severity=Severity.WARNING)
    bench.clock.advance(s=1)
    silence(bench, 'service="encode"', for_ms=10 * MINUTE_MS)
    return incident


def test_who_knows_of_it_hears_at_the_end_of_the_mute_what_holds_then(bench: Bench) -> None:
    incident = told_before(bench)
    take(bench, found(phase=Phase.CLEARED, at_ms=bench.clock.now_ms()))
    bench.clock.advance(s=1)
    open_one(bench, severity=Severity.WARNING)
    bench.clock.advance(s=1)
    open_one(bench)
    assert sent(bench, incident) == ["ops opened"]
    ring_until_told(bench, incident)
    assert sent(bench, incident) == ["ops opened", "ops worsened"], "one message, no replay"
    with bench.store.read() as work:
        effect = work.of(ACME).effects.get(f"{incident.id}:worsened:critical:ops")
    assert effect is not None
    assert effect.payload["title"].startswith("Now critical: ")
    bench.clock.advance(s=1)
    silence(bench, 'service="encode"', for_ms=MINUTE_MS)
    open_one(bench, fingerprint="fp-more")
    ring_until_told(bench, incident)
    assert sent(bench, incident) == ["ops opened", "ops worsened"], "it was told that"


def test_what_returned_or_was_given_back_while_muted_is_told_if_it_holds(bench: Bench) -> None:
    incident = told_before(bench)
    take(bench, found(phase=Phase.CLEARED, at_ms=bench.clock.now_ms()))
    bench.clock.advance(s=1)
    open_one(bench, severity=Severity.WARNING)
    ring_until_told(bench, incident)
    assert sent(bench, incident) == ["ops opened", "ops returned"]
    who: dict[str, Any] = {"tenant": ACME, "incident": incident.id, "by": "ann"}
    take(bench, Acknowledged(**who))
    for is_taken in (True, False):
        bench.clock.advance(s=1)
        silence(bench, 'service="encode"', for_ms=MINUTE_MS)
        take(bench, Released(**who))
        if is_taken:
            bench.clock.advance(s=1)
            take(bench, Acknowledged(**who))
        ring_until_told(bench, incident)
        assert ("ops released" in sent(bench, incident)) is not is_taken


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "give one of"),
        ({"pause_s": 5, "flaps": 3}, "give one of"),
        ({"start": "2026-01-01T00:00"}, "belong together"),
        ({"start": "2026-01-02T00:00", "end": "2026-01-01T00:00"}, "not after start"),
        ({"hours": [{"start": "00:00", "end": "00:00"}]}, "no minute of the week"),
        ({"pause_s": 5, "equal": ["zone"]}, "belongs to while"),
        ({"pause_s": 5, "time_zone": "Mars/Olympus"}, "no time zone"),
        ({"pause_s": 5, "match": ['service=~"("']}, "service"),
    ],
)
def test_a_wrong_rule_is_refused_with_words(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError) as refused:
        rule(**fields)
    assert words in str(refused.value)


def test_two_that_look_at_each_other_are_not_both_muted(bench: Bench) -> None:
    one = rule(match=['service="player"'], **{"while": ['service="encode"']})
    other = MuteRule.model_validate(
        {"name": "n", "match": ['service="encode"'], "while": ['service="player"']}
    )
    rules(bench, one, other)
    first = open_one(bench, subject={"service": "encode"})
    second = open_one(bench, subject={"service": "player"}, fingerprint="fp-2", signal="stalls")
    assert first.id != second.id
    assert [bool(sent(bench, one)) for one in (first, second)].count(True) == 1
