"""What one fact changes in the store: incident, timers, effects, runs, and the audit log."""

from collections.abc import Callable
from typing import Any

import pytest

from auscult.engine.events.records import BACKOFF_MOST_MS, GIVE_UP_MS, settle
from auscult.engine.events.settled import Settled
from auscult.engine.events.steps import DECIDED, Rules
from auscult.incidents import LOOK_AGAIN_MS, QUIET_HOLD_MS
from auscult.incidents.lifecycle import SETTLE_HOLD_MS
from auscult.kernel.deliveries import RETRY_AFTER_MAX_MS
from auscult.kernel.effects import Effect, EffectKind, Outcome, Result
from auscult.kernel.errors import ObjectMissing, StateConflict
from auscult.kernel.facts import Acknowledged, Answered, Fact, Rang, Released, Resolved, Timer
from auscult.kernel.findings import Evidence, Phase
from auscult.kernel.incidents import ChangeKind
from auscult.kernel.runs import Run, RunState
from auscult.kernel.words import Severity
from auscult.notification.messages import Message
from auscult.remediation.decide import Runbook
from auscult.store import TenantRows
from auscult.store.queue import Room
from tests.unit.engine.bench import ACME, Bench, an_effect, found

RUNBOOK = Runbook.model_validate(
    {"name": "mend", "match": ['signal="latency"'], "action": {"use": "http"}}
)

LABELS = (("zone", "eu-1"),)


def take(bench: Bench, fact: Fact) -> Settled:
    with bench.store.write() as work:
        return settle(work, fact, bench.plans, clock=bench.clock)


def look(bench: Bench, what: Callable[[TenantRows], Any]) -> Any:
    with bench.store.read() as work:
        return what(work.of(ACME))


def open_one(bench: Bench, **changed: Any) -> str:
    incident = take(bench, found(**changed)).incident
    assert incident is not None
    return incident.id


def quiet_timer(bench: Bench, incident: str) -> Timer | None:
    timer: Timer | None = look(bench, lambda rows: rows.timers.get(f"{incident}:quiet"))
    return timer


def test_what_is_left_behind_gets_a_timer_and_is_settled_when_it_rings(bench: Bench) -> None:
    incident = open_one(bench, score=9.0)
    lag_ms = bench.clock.advance(s=1)
    take(bench, found(fingerprint="fp-lag", score=4.0, at_ms=lag_ms))
    ended = take(bench, found(phase=Phase.CLEARED, at_ms=bench.clock.advance(s=9)))
    assert ended.changes == (), "something still fires"
    timer = look(bench, lambda rows: rows.timers.get(f"{incident}:settle"))
    assert timer.due_ms == lag_ms + SETTLE_HOLD_MS
    bench.clock.advance(ms=SETTLE_HOLD_MS)
    rung = take(bench, Rang(timer=timer))
    assert [change.kind for change in rung.changes] == [ChangeKind.SETTLED]
    assert "incident.settled" in actions(bench, incident)
    assert rung.effects == 0, "nobody is woken by it"


def actions(bench: Bench, incident: str) -> list[str]:
    """Return what the timeline shows; why it was decided so is a test of its own."""
    rows = look(bench, lambda rows: rows.audit.of(incident, 100))
    return [row.action for row in rows if row.action != DECIDED]


def test_a_finding_opens_an_incident_pages_once_and_is_kept_with_its_evidence(
    bench: Bench,
) -> None:
    settled = take(bench, found())
    assert settled.incident is not None
    assert settled.effects == 1
    again = take(bench, found(at_ms=bench.clock.now_ms() + 5))
    assert again.incident is not None
    assert again.incident.id == settled.incident.id
    assert again.effects == 0, "the same trouble is paged once"
    worse = take(bench, found(severity=Severity.CRITICAL, at_ms=bench.clock.now_ms() + 9))
    assert worse.effects == 0
    incident = settled.incident.id
    assert len(look(bench, lambda rows: rows.findings.of(incident, 10))) == 3
    assert [row.effect.key for row in look(bench, lambda rows: rows.effects.of(incident))] == [
        f"{incident}:opened:1:ops"
    ]
    assert actions(bench, incident)[0] == "incident.opened"
    assert "incident.worsened" in actions(bench, incident)


def test_a_quiet_incident_sets_a_timer_and_ends_when_it_rings(bench: Bench) -> None:
    incident = open_one(bench)
    assert quiet_timer(bench, incident) is None
    settled = take(bench, found(phase=Phase.CLEARED))
    assert settled.timers == 1
    timer = quiet_timer(bench, incident)
    assert timer is not None
    assert timer.due_ms == bench.clock.now_ms() + QUIET_HOLD_MS
    bench.clock.advance(ms=QUIET_HOLD_MS)
    ended = take(bench, Rang(timer=timer))
    assert ended.incident is not None
    assert ended.incident.is_over
    assert ended.effects == 1, "those who were paged hear of the end"
    assert take(bench, Rang(timer=timer)).incident is None, "a timer rings once"


def test_a_timer_that_was_moved_is_not_taken_by_who_claimed_it_before(bench: Bench) -> None:
    incident = open_one(bench)
    take(bench, found(phase=Phase.CLEARED))
    claimed = quiet_timer(bench, incident)
    assert claimed is not None
    bench.clock.advance(ms=QUIET_HOLD_MS - 1)
    take(bench, found())
    take(bench, found(phase=Phase.CLEARED))
    bench.clock.advance(ms=1)
    take(bench, Rang(timer=claimed))
    moved = quiet_timer(bench, incident)
    assert moved is not None, "its own time has not come"
    assert moved.due_ms == claimed.due_ms + QUIET_HOLD_MS - 1


def test_trouble_that_returns_cancels_the_timer(bench: Bench) -> None:
    incident = open_one(bench)
    take(bench, found(phase=Phase.CLEARED))
    timer = quiet_timer(bench, incident)
    assert timer is not None
    take(bench, found())
    assert quiet_timer(bench, incident) is None
    bench.clock.advance(ms=QUIET_HOLD_MS)
    take(bench, Rang(timer=timer))
    kept = look(bench, lambda rows: rows.incidents.get(incident))
    assert not kept.is_over


def test_what_is_given_back_stands_in_the_list_and_the_log_as_open(bench: Bench) -> None:
    incident = open_one(bench)
    take(bench, Acknowledged(tenant=ACME, incident=incident, by="ana"))
    take(bench, Released(tenant=ACME, incident=incident, by="ana"))
    assert look(bench, lambda rows: rows.incidents.counts())["open"] == 1
    wanted = ["incident.opened", "incident.acknowledged", "incident.released"]
    assert actions(bench, incident) == wanted


def test_what_a_person_resolves_needs_no_timer_and_cannot_be_taken_again(bench: Bench) -> None:
    incident = open_one(bench)
    take(bench, Acknowledged(tenant=ACME, incident=incident, by="ana"))
    take(bench, found(phase=Phase.CLEARED))
    take(bench, Resolved(tenant=ACME, incident=incident, by="ana"))
    assert quiet_timer(bench, incident) is None
    with pytest.raises(StateConflict):
        take(bench, Acknowledged(tenant=ACME, incident=incident, by="bo"))
    with pytest.raises(ObjectMissing):
        take(bench, Acknowledged(tenant=ACME, incident="nowhere", by="bo"))
    wanted = ["incident.opened", "incident.acknowledged", "incident.quiet", "incident.resolved"]
    assert actions(bench, incident) == wanted
    rows = look(bench, lambda rows: rows.audit.of(incident, 100))
    actors = [row.actor for row in rows if row.action != DECIDED]
    assert actors == ["scorer", "ana", "scorer", "ana"]


def look_timer(bench: Bench, service: str = "encode") -> Timer | None:
    timer: Timer | None = look(bench, lambda rows: rows.timers.get(f"look:fp-{service}"))
    return timer


def resolve_while_it_fires(bench: Bench) -> tuple[str, Timer]:
    incident = open_one(bench, evidence=Evidence(sentence="encode is slow", labels=LABELS))
    settled = take(bench, Resolved(tenant=ACME, incident=incident, by="ana"))
    assert settled.timers == 1
    timer = look_timer(bench)
    assert timer is not None
    assert timer.due_ms == bench.clock.now_ms() + LOOK_AGAIN_MS
    return incident, timer


def test_what_fires_on_after_a_person_resolved_it_is_told_again_as_a_new_incident(
    bench: Bench,
) -> None:
    incident, timer = resolve_while_it_fires(bench)
    told = look(bench, lambda rows: rows.audit.of(incident, 100))[-1].detail["sentence"]
    assert told == "Resolved by ana while 1 signal still fires; what fires in 5 min is told again."
    bench.clock.advance(ms=LOOK_AGAIN_MS)
    settled = take(bench, Rang(timer=timer, still_firing=True))
    again = settled.incident
    assert again is not None
    assert again.id != incident
    assert again.headline.startswith("encode is slow, still firing 5 min after ana resolved it")
    assert again.strongest.evidence.labels == LABELS, "routes and runbooks match as before"
    assert settled.effects == 1, "it is paged"
    assert look_timer(bench) is None
    take(bench, found(phase=Phase.CLEARED))
    assert quiet_timer(bench, again.id) is not None, "and it ends like any other"


@pytest.mark.parametrize("still_firing", [False, None])
def test_what_has_cleared_meanwhile_is_not_told_again(
    bench: Bench, still_firing: bool | None
) -> None:
    _, timer = resolve_while_it_fires(bench)
    take(bench, found(phase=Phase.CLEARED))
    bench.clock.advance(ms=LOOK_AGAIN_MS)
    assert take(bench, Rang(timer=timer, still_firing=still_firing)).incident is None
    assert look(bench, lambda rows: rows.incidents.recent(10)) == []


def test_what_an_open_incident_tells_already_is_not_told_again(bench: Bench) -> None:
    _, timer = resolve_while_it_fires(bench)
    bench.clock.advance(ms=LOOK_AGAIN_MS - 1)
    worse = open_one(bench, at_ms=bench.clock.now_ms())
    bench.clock.advance(ms=1)
    assert take(bench, Rang(timer=timer, still_firing=True)).incident is None
    (only,) = look(bench, lambda rows: rows.incidents.recent(10))
    assert (only.id, only.findings_count) == (worse, 1)


def test_whoever_resolves_it_again_has_as_long_as_before(bench: Bench) -> None:
    _, first = resolve_while_it_fires(bench)
    bench.clock.advance(ms=LOOK_AGAIN_MS - 1)
    _, second = resolve_while_it_fires(bench)
    bench.clock.advance(ms=1)
    assert take(bench, Rang(timer=first, still_firing=True)).incident is None
    assert look_timer(bench) == second


def test_what_was_over_when_it_was_resolved_is_not_looked_at_again(bench: Bench) -> None:
    incident = open_one(bench)
    take(bench, found(phase=Phase.CLEARED))
    take(bench, Resolved(tenant=ACME, incident=incident, by="ana"))
    assert look_timer(bench) is None


def answer(bench: Bench, key: str, result: Result, **changed: Any) -> Settled:
    at_ms = bench.clock.now_ms()
    outcome = Outcome(key=key, tenant=ACME, result=result, at_ms=at_ms, **changed)
    return take(bench, Answered(outcome=outcome))


def claim(bench: Bench) -> list[str]:
    with bench.store.write() as work:
        claims = work.queue.claim(
            "effect", owner="me", now_ms=bench.clock.now_ms(), room=Room(40, 10), lease_ms=1_000
        )
    return [one.key for one in claims]


def test_an_attempt_that_failed_is_made_again_later_and_later(bench: Bench) -> None:
    key = f"{open_one(bench)}:opened:1:ops"
    pauses = []
    for _ in range(12):
        assert claim(bench) == [key]
        before_ms = bench.clock.now_ms()
        answer(bench, key, Result.RETRY, reason="busy")
        assert claim(bench) == []
        with bench.store.read() as work:
            due_ms = work.queue.next_due("effect")
        assert due_ms is not None
        pauses.append(due_ms - before_ms)
        bench.clock.advance(ms=pauses[-1])
    assert pauses[:5] == [1_000, 2_000, 4_000, 8_000, 16_000]
    assert pauses[-1] == BACKOFF_MOST_MS
    answer(bench, key, Result.DONE)
    assert claim(bench) == []
    assert look(bench, lambda rows: rows.effects.row(key)).state == "done"
    assert look(bench, lambda rows: rows.effects.unsent_count()) == 0


def test_a_receiver_is_not_asked_before_it_said(bench: Bench) -> None:
    key = f"{open_one(bench)}:opened:1:ops"
    for asked_ms, waited_ms in (
        (40_000, 40_000),
        (10, 2_000),
        (3_500_000, 3_500_000),
        (10**9, RETRY_AFTER_MAX_MS),
    ):
        assert claim(bench) == [key]
        before_ms = bench.clock.now_ms()
        answer(bench, key, Result.RETRY, retry_after_ms=asked_ms)
        with bench.store.read() as work:
            due_ms = work.queue.next_due("effect")
        assert due_ms is not None
        assert due_ms - before_ms == waited_ms
        bench.clock.advance(ms=waited_ms)


def test_the_next_attempt_is_told_what_the_last_one_achieved(bench: Bench) -> None:
    incident = open_one(bench)
    key = f"{incident}:opened:1:ops"
    so_far = {"left": ["bob@example.com"], "reached": True, "remark": "never taken for zoe (550)"}
    answer(bench, key, Result.RETRY, reason="not yet for bob", data={"so_far": so_far})
    effect = look(bench, lambda rows: rows.effects.get(key))
    assert Message.model_validate(effect.payload).so_far.left == ("bob@example.com",)
    answer(bench, key, Result.DONE, reason="never taken for zoe (550)")
    row = look(bench, lambda rows: rows.effects.row(key))
    assert (row.state, row.last_reason) == ("done", "never taken for zoe (550)")
    last = look(bench, lambda rows: rows.audit.of(incident, 100))[-1]
    assert last.detail["sentence"].endswith("done: never taken for zoe (550)")


def test_after_a_day_it_is_given_up_and_said(bench: Bench) -> None:
    incident = open_one(bench)
    key = f"{incident}:opened:1:ops"
    claim(bench)
    bench.clock.advance(ms=GIVE_UP_MS - 1)
    answer(bench, key, Result.RETRY, reason="busy")
    assert look(bench, lambda rows: rows.effects.row(key)).state == "pending"
    bench.clock.advance(ms=1)
    answer(bench, key, Result.RETRY, reason="busy")
    assert look(bench, lambda rows: rows.effects.row(key)).state == "refused"
    last = look(bench, lambda rows: rows.audit.of(incident, 100))[-1]
    assert last.action == "effect.refused"
    assert "given up" in last.detail["sentence"]
    assert "busy" in last.detail["sentence"]


def test_an_outcome_that_comes_twice_or_is_about_nothing_changes_nothing(bench: Bench) -> None:
    incident = open_one(bench)
    key = f"{incident}:opened:1:ops"
    answer(bench, key, Result.DONE)
    rows = actions(bench, incident)
    answer(bench, key, Result.RETRY)
    answer(bench, "no:such:key", Result.DONE)
    assert look(bench, lambda rows: rows.effects.row(key)).state == "done"
    assert actions(bench, incident) == rows


def led(bench: Bench) -> tuple[Run, Effect]:
    """Return the run there is, and the effect it waits for."""
    (run,) = look(bench, lambda rows: rows.runs.recent(0, 10))
    effects = look(bench, lambda rows: rows.effects.of(run.incident))
    (asked,) = [
        row.effect
        for row in effects
        if row.effect.kind is EffectKind.ACT and row.state == "pending"
    ]
    return run, asked


def test_a_run_is_led_on_by_its_outcomes_until_the_detector_agrees(bench: Bench) -> None:
    bench.rules = Rules(runbooks=(RUNBOOK,))
    incident = open_one(bench)
    run, asked = led(bench)
    assert (run.state, asked.verb, asked.to) == (RunState.PLANNING, "plan", "mend")
    plan = {"target": "encode", "sentence": "Mend it.", "precondition": "it is slow"}
    answer(bench, asked.key, Result.DONE, data={"plan": plan})
    run, asked = led(bench)
    assert (run.state, asked.verb) == (RunState.APPLYING, "apply")
    answer(bench, asked.key, Result.DONE)
    run, asked = led(bench)
    assert (run.state, asked.verb) == (RunState.VERIFYING, "verify")
    answer(bench, asked.key, Result.DONE, data={"verified": True})
    run, asked = led(bench)
    assert run.state is RunState.VERIFYING, "the detector still sees it"
    take(bench, found(phase=Phase.CLEARED))
    answer(bench, asked.key, Result.DONE, data={"verified": True})
    assert look(bench, lambda rows: rows.runs.get(run.id)).state is RunState.HEALED
    told = actions(bench, incident)
    for action in ("run.planning", "run.applying", "run.verifying", "run.healed", "effect.done"):
        assert action in told


def test_with_plans_only_a_run_ends_before_the_first_touch(bench: Bench) -> None:
    bench.rules = Rules(runbooks=(RUNBOOK,), plan_only=True)
    incident = open_one(bench)
    run, asked = led(bench)
    plan = {"target": "encode", "sentence": "Mend it.", "precondition": "it is slow"}
    answer(bench, asked.key, Result.DONE, data={"plan": plan})
    assert look(bench, lambda rows: rows.runs.get(run.id)).state is RunState.PLANNED
    verbs = [row.effect.verb for row in look(bench, lambda rows: rows.effects.of(incident))]
    assert verbs == ["plan"]


def test_a_run_that_waits_for_its_deadline_is_ended_by_its_timer(bench: Bench) -> None:
    bench.rules = Rules(runbooks=(RUNBOOK,))
    open_one(bench)
    run, _ = led(bench)
    bench.clock.advance(ms=run.deadline_ms - bench.clock.now_ms())
    with bench.store.write() as work:
        claims = work.queue.claim(
            "timer", owner="me", now_ms=bench.clock.now_ms(), room=Room(40, 10), lease_ms=1_000
        )
    keys = [one.key for one in claims]
    timers = look(bench, lambda rows: [rows.timers.get(key) for key in keys])
    for timer in timers:
        take(bench, Rang(timer=timer))
    ended = look(bench, lambda rows: rows.runs.get(run.id))
    assert ended.state is RunState.REFUSED
    assert "no plan" in ended.reason


def test_a_fact_of_a_tenant_that_is_not_configured_is_refused(bench: Bench) -> None:
    with pytest.raises(ObjectMissing):
        take(bench, found(tenant="stranger"))
    assert an_effect().tenant == ACME
