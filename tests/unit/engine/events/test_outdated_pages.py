"""A page is not sent to what is over, or what somebody has: what reached nobody is told by nothing.

What may have arrived is followed by its end all the same.
"""

from typing import Any

import pytest

from auscult.engine.events.claims import take_up_all
from auscult.engine.events.outbox.deadletters import replay
from auscult.engine.events.records import settle
from auscult.engine.events.steps import Rules
from auscult.kernel.effects import Effect, Outcome, Result
from auscult.kernel.facts import Acknowledged, Answered, Fact, Released, Resolved
from auscult.kernel.times import MINUTE_MS
from auscult.kernel.words import Severity
from auscult.notification.decide import Route
from auscult.store.queue import Room
from tests.unit.engine.bench import ACME, Bench, found
from tests.unit.engine.events.test_calling import ONCALL

LEASE_MS = 1_000
ROUTE = Route.model_validate({"to": "ops", "on": ["opened", "acknowledged", "resolved"]})


def take(bench: Bench, fact: Fact) -> str:
    with bench.store.write() as work:
        incident = settle(work, fact, bench.plans, clock=bench.clock).incident
    return incident.id if incident is not None else ""


def claimed(bench: Bench) -> dict[str, Effect]:
    """Claim what is due a minute on, and return what is to be attempted, by channel and kind."""
    now_ms = bench.clock.advance(ms=MINUTE_MS)
    with bench.store.write() as work:
        room = Room(40, 40)
        claims = work.queue.claim("effect", owner="me", now_ms=now_ms, room=room, lease_ms=LEASE_MS)
        effects = take_up_all(work, claims, now_ms)
    return {f"{one.to} {one.payload['kind']}": one for one in effects}


def answer(bench: Bench, effect: Effect, result: Result, *, reached_nobody: bool = False) -> None:
    outcome = Outcome(
        key=effect.key,
        tenant=ACME,
        result=result,
        reason="busy",
        at_ms=bench.clock.now_ms(),
        reached_nobody=reached_nobody,
    )
    take(bench, Answered(outcome=outcome))


def fail(bench: Bench, *names: str, reached_nobody: bool = True) -> None:
    """Let the attempts at what is due fail; those of a name only, where some are given."""
    for name, effect in claimed(bench).items():
        is_one = not names or name in names
        result = Result.RETRY if is_one else Result.DONE
        answer(bench, effect, result, reached_nobody=is_one and reached_nobody)


def person(bench: Bench, kind: Any, incident: str) -> None:
    take(bench, kind(tenant=ACME, incident=incident, by="ada"))


def keys(bench: Bench, incident: str) -> list[str]:
    with bench.store.read() as work:
        found = [row.effect for row in work.of(ACME).effects.of(incident)]
    return sorted(f"{one.to} {one.payload['kind']}" for one in found)


def said(bench: Bench, incident: str) -> list[str]:
    with bench.store.read() as work:
        rows = work.of(ACME).audit.of(incident, 100)
    return [str(row.detail["sentence"]) for row in rows if row.action == "effect.withdrawn"]


@pytest.fixture
def incident(bench: Bench) -> str:
    """An incident that is told to `ops`, and calls ada by her chat, and by her phone later on."""
    bench.rules = Rules(oncall=ONCALL, routes=(ROUTE,))
    return take(bench, found(severity=Severity.CRITICAL))


def test_of_what_reached_nobody_nothing_is_told_once_it_is_over(
    bench: Bench, incident: str
) -> None:
    for _ in range(3):
        fail(bench)
    person(bench, Resolved, incident)
    assert "ops resolved" in keys(bench, incident)
    assert claimed(bench) == {}
    assert keys(bench, incident) == []
    assert "ops (ops) send: not sent any more, for the incident is over" in said(bench, incident)
    with bench.store.read() as work:
        assert work.queue.next_due("effect") is None
        assert work.of(ACME).pages.of(incident) == []


@pytest.mark.parametrize("dies", [False, True])
def test_what_may_have_arrived_is_followed_by_its_end(
    bench: Bench, incident: str, *, dies: bool
) -> None:
    if dies:  # between the claim and the outcome, which nobody ever writes
        assert "ada-chat opened" in claimed(bench)
    else:
        fail(bench, reached_nobody=False)
    fail(bench)
    person(bench, Resolved, incident)
    due = claimed(bench)
    assert set(due) == {"ops opened", "ada-chat resolved"}, "no call, a channel hears of all of it"
    assert "not sent again" in _reason(bench, f"{incident}:opened:1:ada-chat")
    for effect in due.values():
        answer(bench, effect, Result.DONE)
    assert set(claimed(bench)) == {"ops resolved"}


def _reason(bench: Bench, key: str) -> str:
    with bench.store.read() as work:
        row = work.of(ACME).effects.row(key)
    assert row is not None
    return row.last_reason


def test_who_heard_of_it_hears_of_the_end_although_a_later_call_never_came(
    bench: Bench, incident: str
) -> None:
    for effect in claimed(bench).values():
        answer(bench, effect, Result.DONE)
    person(bench, Acknowledged, incident)
    person(bench, Released, incident)
    fail(bench, "ada-chat escalated")
    person(bench, Resolved, incident)
    assert "ada-chat resolved" in claimed(bench)
    assert "ada-chat escalated" not in keys(bench, incident)


def test_a_call_that_is_being_retried_ends_when_somebody_has_it(
    bench: Bench, incident: str
) -> None:
    fail(bench, "ada-chat opened", "ops opened")
    person(bench, Acknowledged, incident)
    assert set(claimed(bench)) == {"ops opened"}, "the route's channel hears of it all the same"
    assert "ada-chat (ada-chat) send: not sent any more, for somebody has it" in said(
        bench, incident
    )
    person(bench, Released, incident)
    assert "ada-chat opened" in claimed(bench), "nobody has it, so she is called"


def test_waiting_for_a_turn_is_no_attempt_that_may_have_arrived(
    bench: Bench, incident: str
) -> None:
    due = claimed(bench)
    with bench.store.write() as work:
        for effect in due.values():
            work.of(ACME).effects.put_off(effect.key, bench.clock.now_ms())
    fail(bench)
    person(bench, Resolved, incident)
    assert claimed(bench) == {}
    assert keys(bench, incident) == []


def test_what_a_person_sends_again_is_sent(bench: Bench, incident: str) -> None:
    for effect in claimed(bench).values():
        answer(bench, effect, Result.REFUSED, reached_nobody=True)
    person(bench, Resolved, incident)
    for effect in claimed(bench).values():
        answer(bench, effect, Result.DONE)
    keys = [f"{incident}:opened:1:{channel}" for channel in ("ada-chat", "ops")]
    with bench.store.write() as work:
        assert replay(work, ACME, keys, by="ann", now_ms=bench.clock.now_ms()).replayed == keys
    for _ in range(2):
        due = claimed(bench)
        assert set(due) == {"ada-chat opened", "ops opened"}
        for effect in due.values():
            answer(bench, effect, Result.RETRY, reached_nobody=True)
