"""A policy's calls as rows: pages, timers and what is withdrawn, in one commit."""

from dataclasses import replace
from typing import Any

import pytest

from auscult.engine.events.records import settle
from auscult.engine.events.settled import Settled
from auscult.engine.events.steps import Rules
from auscult.kernel.facts import Acknowledged, Escalated, Fact, Rang, Resolved, Silenced, Timer
from auscult.kernel.incidents import Status
from auscult.kernel.times import HOUR_MS, MINUTE_MS
from auscult.kernel.words import Severity
from auscult.notification.decide import Route
from auscult.notification.oncall import OnCall
from auscult.store import TenantRows
from tests.unit.engine.bench import ACME, Bench, found

ONCALL = OnCall.model_validate(
    {
        "people": [
            {
                "name": "ada",
                "time_zone": "UTC",
                "contacts": ["ada-chat", "ada-phone"],
                "rules": [{"channel": "ada-chat"}, {"channel": "ada-phone", "after_min": 3}],
                "pages_per_hour_max": 3,
            },
            {"name": "bob", "time_zone": "UTC", "contacts": ["bob-phone"]},
        ],
        "policies": [
            {
                "name": "p",
                "steps": [{"to": "person:ada"}, {"to": "person:bob", "wait_min": 5}],
                "fallback": "channel:ops",
            }
        ],
        "policy": "p",
    }
)


@pytest.fixture
def called(bench: Bench) -> Bench:
    bench.rules = Rules(oncall=ONCALL, routes=(Route(to=("ops",)),))
    return bench


def take(bench: Bench, fact: Fact) -> Settled:
    with bench.store.write() as work:
        return settle(work, fact, bench.plans, clock=bench.clock)


def look(bench: Bench, what: Any) -> Any:
    with bench.store.read() as work:
        return what(work.of(ACME))


def open_one(bench: Bench, **changed: Any) -> str:
    at_ms = bench.clock.now_ms()
    incident = take(bench, found(severity=Severity.CRITICAL, at_ms=at_ms, **changed)).incident
    assert incident is not None
    return incident.id


def sent(bench: Bench, incident: str) -> list[str]:
    """Return the channels of an incident's messages, with what they are told."""

    def read(rows: TenantRows) -> list[str]:
        effects = [row.effect for row in rows.effects.of(incident)]
        return [f"{one.to} {one.payload['kind']}" for one in effects]

    return look(bench, read)  # type: ignore[no-any-return]


def ring(bench: Bench, incident: str) -> Settled:
    timer: Timer = look(bench, lambda rows: rows.timers.get(f"{incident}:escalate"))
    bench.clock.advance(ms=max(0, timer.due_ms - bench.clock.now_ms()))
    return take(bench, Rang(timer=timer))


def test_people_are_called_beside_the_channels_of_routes(called: Bench) -> None:
    incident = open_one(called)
    assert sorted(sent(called, incident)) == ["ada-chat opened", "ada-phone opened", "ops opened"]
    pages = look(called, lambda rows: rows.pages.of(incident))
    assert [(one.person, one.channel) for one in pages] == [
        ("ada", "ada-chat"),
        ("ada", "ada-phone"),
    ]
    assert pages[1].due_ms == called.clock.now_ms() + 3 * MINUTE_MS


def test_a_timer_takes_the_next_step_and_the_same_timer_twice_takes_it_once(called: Bench) -> None:
    incident = open_one(called)
    timer: Timer = look(called, lambda rows: rows.timers.get(f"{incident}:escalate"))
    ring(called, incident)
    assert "bob-phone opened" in sent(called, incident)
    before = sent(called, incident)
    assert take(called, Rang(timer=timer)).effects == 0
    assert sent(called, incident) == before


def test_an_acknowledgement_withdraws_what_was_to_come(called: Bench) -> None:
    incident = open_one(called)
    called.clock.advance(s=30)
    take(called, Acknowledged(tenant=ACME, incident=incident, by="ada"))
    assert sorted(sent(called, incident)) == [
        "ada-chat acknowledged",
        "ada-chat opened",
        "ops acknowledged",
        "ops opened",
    ], "her phone was not called, so it hears nothing of it"
    assert look(called, lambda rows: rows.timers.get(f"{incident}:escalate")) is None
    assert [one.channel for one in look(called, lambda rows: rows.pages.of(incident))] == [
        "ada-chat"
    ]


def test_a_snooze_ends_by_itself_and_calls_again(called: Bench) -> None:
    incident = open_one(called)
    take(called, Silenced(tenant=ACME, incident=incident, by="ada", for_ms=HOUR_MS))
    timer: Timer = look(called, lambda rows: rows.timers.get(f"{incident}:lapse"))
    assert timer.due_ms == called.clock.now_ms() + HOUR_MS
    called.clock.advance(ms=HOUR_MS)
    rung = take(called, Rang(timer=timer))
    assert rung.incident is not None
    assert rung.incident.status is Status.OPEN
    assert "ada-chat escalated" in sent(called, incident)
    assert "ops released" in sent(called, incident), "the channel hears that nobody has it"


def test_the_end_takes_timers_and_calls_along(called: Bench) -> None:
    incident = open_one(called)
    take(called, Silenced(tenant=ACME, incident=incident, by="ada", for_ms=HOUR_MS))
    take(called, Resolved(tenant=ACME, incident=incident, by="ada"))
    for name in ("escalate", "lapse"):
        assert look(called, lambda rows, name=name: rows.timers.get(f"{incident}:{name}")) is None


def test_a_person_is_spared_when_they_have_had_enough(called: Bench) -> None:
    first = open_one(called)
    called.clock.advance(ms=4 * MINUTE_MS)
    assert len(look(called, lambda rows: rows.pages.of(first))) == 2
    open_one(called, service="edge", fingerprint="fp-2")
    called.clock.advance(ms=4 * MINUTE_MS)
    third = open_one(called, service="package", fingerprint="fp-3")
    if third != first:
        pages = look(called, lambda rows: rows.pages.of(third))
        assert [one.person for one in pages] == ["bob"]
        assert "ada had" in pages[0].why


def test_each_call_is_on_record(called: Bench) -> None:
    incident = open_one(called)
    take(called, Escalated(tenant=ACME, incident=incident, by="ada"))
    lines = look(called, lambda rows: rows.audit.of(incident, 100))
    said = [(line.actor, line.detail["sentence"]) for line in lines]
    assert ("ada", "ada asks for the next ones.") in said
    assert any("ada by ada-chat" in sentence for _, sentence in said)


def test_a_policy_that_is_gone_after_a_reload_is_followed_by_the_one_there_is(
    called: Bench,
) -> None:
    incident = open_one(called)
    policy = ONCALL.policies[0].model_copy(update={"name": "q"})
    oncall = ONCALL.model_copy(update={"policies": (policy,), "policy": "q"})
    oncall = OnCall.model_validate(oncall.model_dump())
    called.rules = replace(called.rules, oncall=oncall)
    ring(called, incident)
    assert "ada-chat escalated" in sent(called, incident)
