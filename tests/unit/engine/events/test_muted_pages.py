"""A mute puts off pages that are still to come, and drops none."""

from typing import Any

import pytest

from auscult.engine.events.claims import take_up_all
from auscult.engine.events.outbox.deadletters import replay
from auscult.engine.events.outbox.muted import put_off_muted, was_to_come
from auscult.engine.events.steps import Rules
from auscult.engine.why.account import give_account
from auscult.kernel.effects import Outcome, Result
from auscult.kernel.facts import Acknowledged, Escalated, Rang, Resolved
from auscult.kernel.incidents import ChangeKind, Incident
from auscult.kernel.times import MINUTE_MS
from auscult.kernel.words import Severity
from auscult.notification.decide import LOOK_MS, Route
from auscult.store.queue import Room
from tests.unit.engine.bench import ACME, Bench, silence
from tests.unit.engine.events.test_calling import ONCALL
from tests.unit.engine.events.test_dispatch import dispatching, until
from tests.unit.engine.events.test_muting import (
    open_one,
    ring,
    ring_until_told,
    rule,
    said,
    take,
    timer_of,
)


def attempted(bench: Bench) -> list[str]:
    """Return whom the messages that are due reach now; each is sent, so to speak."""
    now_ms = bench.clock.now_ms()
    with bench.store.write() as work:
        room = Room(40, 40)
        claims = work.queue.claim("effect", owner="me", now_ms=now_ms, room=room, lease_ms=10**9)
        effects = take_up_all(work, claims, now_ms)
        late = [one for one in effects if was_to_come(one)]
        held = put_off_muted(work, late, bench.plans, now_ms=now_ms)
    return [one.to for one in effects if (one.tenant, one.key) not in held]


@pytest.fixture
def opened(bench: Bench) -> Incident:
    """An incident that calls ada's chat at once, and her phone in three minutes."""
    bench.rules = Rules(oncall=ONCALL)
    incident = open_one(bench)
    assert attempted(bench) == ["ada-chat"]
    return incident


def part(bench: Bench, incident: Incident) -> list[str]:
    """Return what the record says of ada's part."""
    with bench.store.read() as work:
        now_ms = bench.clock.now_ms()
        account = give_account(
            work.of(ACME), incident.id, rules=bench.rules, now_ms=now_ms, person="ada"
        )
    assert account.person is not None
    return [one.sentence for one in account.person.lines if one.was_called]


def pages(bench: Bench, incident: Incident) -> dict[str, int]:
    with bench.store.read() as work:
        return {one.channel: one.due_ms for one in work.of(ACME).pages.of(incident.id)}


def test_a_page_to_come_waits_for_the_end_of_the_mute_and_then_comes(
    bench: Bench, opened: Incident
) -> None:
    bench.clock.advance(s=1)
    silence(bench, 'service="encode"', for_ms=4 * MINUTE_MS)
    bench.clock.advance(ms=3 * MINUTE_MS)
    for _ in range(4):
        assert attempted(bench) == []
        bench.clock.advance(ms=LOOK_MS)
    assert pages(bench, opened)["ada-phone"] >= bench.clock.now_ms()
    assert attempted(bench) == ["ada-phone"], "the silence is over"
    assert "put off while muted" in part(bench, opened)[-1]
    assert attempted(bench) == []


def test_that_it_is_muted_is_said_and_the_next_step_is_taken_after_it(
    bench: Bench, opened: Incident
) -> None:
    bench.clock.advance(s=1)
    silence(bench, 'service="encode"', for_ms=20 * MINUTE_MS)
    bench.clock.advance(ms=3 * MINUTE_MS)
    assert attempted(bench) == []
    ring(bench, opened)
    assert "Nobody is told for now, by silence of ann: we move it." in said(bench, opened)
    assert ring(bench, opened, "escalate").effects == 0
    ring_until_told(bench, opened)
    bench.clock.advance(ms=LOOK_MS)
    assert sorted(attempted(bench)) == ["ada-phone", "bob-phone"]


@pytest.mark.parametrize("ends", [Acknowledged, Resolved])
def test_a_page_that_was_put_off_is_not_sent_to_what_somebody_has_or_is_over(
    bench: Bench, opened: Incident, ends: Any
) -> None:
    bench.rules = Rules(
        oncall=ONCALL, mutes=(rule(start="2026-01-01T00:00", end="2026-01-01T01:00"),)
    )
    bench.clock.advance(ms=3 * MINUTE_MS)
    assert attempted(bench) == []
    take(bench, ends(tenant=ACME, incident=opened.id, by="ada"))
    bench.clock.advance(ms=60 * MINUTE_MS)
    assert "ada-phone" not in attempted(bench)


def test_what_a_person_has_sent_again_is_not_muted(bench: Bench, opened: Incident) -> None:
    key, now_ms = f"{opened.id}:opened:1:ada-chat", bench.clock.advance(s=1)
    silence(bench, 'service="encode"')
    with bench.store.write() as work:
        refused = Outcome(key=key, tenant=ACME, result=Result.REFUSED, at_ms=now_ms)
        work.of(ACME).effects.settle(refused)
        assert replay(work, ACME, [key], by="ann", now_ms=now_ms).replayed == [key]
    assert attempted(bench) == ["ada-chat"]


def test_whoever_asks_for_a_call_is_not_muted(bench: Bench) -> None:
    bench.rules = Rules(oncall=ONCALL, mutes=(rule(pause_s=600),))
    incident = open_one(bench)
    take(bench, Escalated(tenant=ACME, incident=incident.id, by="ann"))
    assert attempted(bench) == ["ada-chat"]
    bench.clock.advance(ms=3 * MINUTE_MS)
    assert attempted(bench) == ["ada-phone"]


async def test_the_dispatch_sends_no_page_that_is_muted_when_it_is_due(bench: Bench) -> None:
    rules = {
        "people": [
            {
                "name": "ada",
                "time_zone": "UTC",
                "contacts": ["ops"],
                "rules": [{"channel": "ops", "after_min": 3}],
            }
        ],
        "policies": [{"name": "p", "steps": [{"to": "person:ada"}], "fallback": "channel:ops"}],
        "policy": "p",
    }
    bench.rules = Rules(oncall=ONCALL.model_validate(rules))
    muted = open_one(bench)
    open_one(bench, service="edge")
    silence(bench, 'service="encode"')
    bench.clock.advance(ms=3 * MINUTE_MS)
    async with dispatching(bench, bench.plans):
        await until(bench.channel, 1)
    assert not any(muted.id in key for key in bench.channel.keys)
    timer = timer_of(bench, muted)
    assert timer is not None
    changes = take(bench, Rang(timer=timer)).changes
    assert [one.kind for one in changes] == [ChangeKind.NOTED]
    assert Route(to=("ops",)).fits(muted)


def test_calls_that_quiet_hours_made_one_count_as_one(bench: Bench) -> None:
    quiet = {"hours": [{"start": "22:00", "end": "07:00"}]}
    ada = {"name": "ada", "time_zone": "UTC", "contacts": ["chat"], "quiet_hours": quiet}
    step = {"to": "person:ada", "repeat": 2, "again_min": 5}
    policy = {"name": "p", "steps": [step], "fallback": "channel:ops"}
    oncall = {"people": [ada], "policies": [policy], "policy": "p"}
    bench.rules = Rules(oncall=ONCALL.model_validate(oncall))
    incident = open_one(bench, severity=Severity.WARNING)
    for _ in range(2):
        ring(bench, incident, "escalate")
    bench.clock.advance(ms=8 * 60 * MINUTE_MS)
    assert attempted(bench) == ["chat"]
    assert len(part(bench, incident)) == 1
