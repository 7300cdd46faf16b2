"""A run from plan to proof: every way it can end, each with its guard and its sentence."""

import pytest

from auscult.kernel.effects import Result
from auscult.kernel.findings import Phase
from auscult.kernel.incidents import Incident, Status
from auscult.kernel.runs import RunState
from auscult.kernel.words import Severity
from tests.story import AT_MS, a_change, a_signal, an_incident
from tests.unit.remediation.stage import (
    PLAN,
    a_book,
    answer,
    applying,
    begin_run,
    go,
    ring,
    verifying,
)

S_MS = 1_000
UNDOABLE = PLAN | {"undo": "Put it back."}


def quiet() -> Incident:
    return an_incident(a_signal(phase=Phase.CLEARED))


def test_a_fitting_runbook_begins_by_planning_which_touches_nothing() -> None:
    (step,) = begin_run()
    assert step.run.state is RunState.PLANNING
    (effect,) = step.effects
    assert (effect.key, effect.verb, effect.to) == ("01J9RUN:plan:1", "plan", "restart")
    assert effect.plug == "supervisor"
    assert effect.payload["run"] == "01J9RUN"
    assert effect.payload["request"]["values"]["label.zone"] == "eu-1"
    assert effect.payload["request"]["values"]["target"] == "encode"
    assert [timer.key for timer in step.timers] == ["01J9RUN:deadline:planning"]


def test_a_run_is_healed_when_action_and_detector_agree() -> None:
    step = verifying()
    assert step.run.state is RunState.VERIFYING
    (look,) = step.effects
    assert look.due_ms > AT_MS
    early = go(step.run, answer(look, verified=True))
    assert early.run.state is RunState.VERIFYING, "the detector still sees it"
    (again,) = early.effects
    assert again.key == "01J9RUN:verify:2"
    denied = go(early.run, answer(again, verified=False), incident=quiet())
    assert denied.run.state is RunState.VERIFYING, "the action does not agree"
    healed = go(denied.run, answer(denied.effects[0], verified=True), incident=quiet())
    assert healed.run.state is RunState.HEALED
    assert healed.run.ended_ms == AT_MS
    assert "detector agrees" in healed.sentence
    assert not healed.timers


def test_the_kill_switch_leaves_a_plan_and_does_nothing() -> None:
    step = applying(plan_only=True)
    assert step.run.state is RunState.PLANNED
    assert not step.effects
    assert "Start stage:encode." in step.run.reason


@pytest.mark.parametrize(
    ("incident", "why"),
    [
        (an_incident(status=Status.RESOLVED), "over"),
        (an_incident(a_signal(phase=Phase.CLEARED)), "cleared by itself"),
        (None, "over"),
    ],
)
def test_nothing_is_done_about_what_is_over(incident: Incident | None, why: str) -> None:
    step = applying(incident=incident)
    assert step.run.state is RunState.REFUSED
    assert why in step.run.reason
    assert not step.effects


@pytest.mark.parametrize("book", [None, a_book(enabled=False)])
def test_nothing_is_done_by_a_runbook_that_is_gone(book: object) -> None:
    (first,) = begin_run()
    step = go(first.run, answer(first.effects[0], plan=PLAN), book=book)
    assert step.run.state is RunState.REFUSED
    assert not step.effects


def test_a_refused_precondition_ends_without_a_touch() -> None:
    step = applying()
    refused = go(step.run, answer(step.effects[0], Result.REFUSED, precondition=True))
    assert refused.run.state is RunState.REFUSED


@pytest.mark.parametrize("plan", [None, "x", {"target": 1}])
def test_a_plan_that_cannot_be_read_is_refused(plan: object) -> None:
    assert applying(plan=plan).run.state is RunState.REFUSED


def test_a_repair_that_does_not_prove_itself_is_taken_back() -> None:
    step = verifying(plan=UNDOABLE)
    late_ms = step.run.deadline_ms
    assert go(step.run, ring(step.timers[0]), late_ms - 1).run == step.run
    undoing = go(step.run, ring(step.timers[0]), late_ms)
    assert undoing.run.state is RunState.UNDOING
    (effect,) = undoing.effects
    assert effect.verb == "undo"
    assert effect.payload["plan"]["undo"] == "Put it back."
    undone = go(undoing.run, answer(effect), late_ms)
    assert undone.run.state is RunState.UNDONE
    assert "taken back" in undone.run.reason
    failed = go(undoing.run, answer(effect, Result.REFUSED), late_ms)
    assert failed.run.state is RunState.FAILED


def test_a_repair_with_nothing_to_undo_says_so_and_fails() -> None:
    step = verifying()
    failed = go(step.run, ring(step.timers[0]), step.run.deadline_ms)
    assert failed.run.state is RunState.FAILED
    assert "nothing to undo" in failed.run.reason


def test_an_apply_that_nobody_answered_is_not_taken_for_done() -> None:
    step = applying()
    assert step.effects[0].expires_ms is not None
    assert step.effects[0].expires_ms + 45 * S_MS < step.run.deadline_ms
    assert go(step.run, ring(step.timers[0]), step.run.deadline_ms).run.state is RunState.FAILED


def test_looks_are_bounded_and_stop_at_the_deadline() -> None:
    step, now_ms, looks = verifying(), AT_MS, 0
    while step.effects:
        now_ms = step.effects[0].due_ms
        looks += 1
        step = go(step.run, answer(step.effects[0], verified=False), now_ms)
    assert 15 <= looks <= 25
    assert now_ms <= step.run.deadline_ms


def test_a_second_incident_waits_while_a_target_is_under_repair_and_then_acts() -> None:
    busy = applying().run.model_copy(update={"id": "OTHER", "target": "edge"})
    waiting = applying(recent=[busy])
    assert waiting.run.state is RunState.PLANNING
    assert "under repair" in waiting.sentence
    (timer,) = waiting.timers
    still = go(waiting.run, ring(timer), timer.due_ms, recent=[busy])
    assert still.sentence == "", "the same wait is said once"
    over = busy.model_copy(update={"state": RunState.HEALED, "ended_ms": AT_MS})
    acting = go(still.run, ring(timer), timer.due_ms, recent=[over])
    assert acting.run.state is RunState.APPLYING
    assert acting.effects[0].payload["plan"]["target"] == "stage:encode"


def test_a_wait_has_an_end() -> None:
    busy = applying().run.model_copy(update={"id": "OTHER", "target": "edge"})
    waiting = applying(recent=[busy])
    late_ms = waiting.run.deadline_ms
    step = go(waiting.run, ring(waiting.timers[0]), late_ms, recent=[busy])
    assert step.run.state is RunState.REFUSED
    assert "under repair" in step.run.reason


def test_the_same_runbook_does_not_begin_again_within_its_rest() -> None:
    (first,) = begin_run()
    done = first.run.model_copy(update={"state": RunState.FAILED, "ended_ms": AT_MS})
    assert not begin_run(recent=[first.run]), "a run is at it"
    assert not begin_run(recent=[done], now_ms=AT_MS + 59 * S_MS)
    assert begin_run(recent=[done], now_ms=AT_MS + 60 * S_MS)


def test_what_a_person_has_taken_is_left_to_them_unless_something_new_happens() -> None:
    taken = an_incident(status=Status.ACKNOWLEDGED)
    assert not begin_run(incident=taken, changes=[])
    assert begin_run(incident=taken, changes=[a_change()])


def test_a_plan_is_made_once_while_the_kill_switch_is_off() -> None:
    planned = applying(plan_only=True).run
    later_ms = AT_MS + 600 * S_MS
    assert not begin_run(recent=[planned], now_ms=later_ms, plan_only=True)
    assert begin_run(recent=[planned], now_ms=later_ms)


def test_a_failed_run_is_followed_by_another_while_the_trouble_goes_on() -> None:
    failed = go(verifying().run, ring(verifying().timers[0]), AT_MS + 30 * S_MS)
    (timer,) = failed.timers
    assert timer.due_ms == AT_MS + 90 * S_MS
    second = go(failed.run, ring(timer), timer.due_ms)
    assert (second.run.id, second.run.state) == ("01J9RUN-2", RunState.PLANNING)
    assert second.effects[0].key == "01J9RUN-2:plan:1"
    assert go(failed.run, ring(timer), timer.due_ms, recent=[second.run]).run == failed.run
    assert go(failed.run, ring(timer), timer.due_ms, incident=quiet()).run == failed.run
    third = failed.run.model_copy(update={"id": "01J9RUN-3"})
    again = timer.model_copy(update={"key": "01J9RUN-3:again"})
    assert go(third, ring(again), timer.due_ms).run == third, "three attempts are enough"


def test_the_worst_signal_of_a_storm_is_met_first_and_the_storm_is_bounded() -> None:
    ids = iter("ABCDEFGHIJ")
    signals = [a_signal(f"s{n}", severity=Severity.WARNING) for n in range(8)]
    incident = an_incident(*signals, a_signal("worst"))
    steps = begin_run(incident=incident, new_id=lambda: next(ids))
    assert len(steps) == 5
    assert steps[0].run.target == "worst"
    assert len({step.run.target for step in steps}) == 5


def test_an_answer_that_is_not_the_last_word_changes_nothing() -> None:
    (first,) = begin_run()
    later = answer(first.effects[0], Result.RETRY, plan=PLAN)
    assert go(first.run, later).run == first.run


def test_a_repeated_plan_does_not_move_a_run_that_waits() -> None:
    (first,) = begin_run()
    planned = answer(first.effects[0], plan=PLAN)
    busy = applying().run.model_copy(update={"id": "OTHER", "target": "edge"})
    waiting = go(first.run, planned, recent=[busy])
    again = go(waiting.run, planned)
    assert (again.run, again.effects, again.timers) == (waiting.run, (), ())


def test_an_old_look_is_not_taken_for_the_latest() -> None:
    step = verifying()
    second = go(step.run, answer(step.effects[0], verified=False))
    stale = go(second.run, answer(step.effects[0], verified=True), incident=quiet())
    assert stale.run == second.run


def test_a_target_that_a_run_is_about_is_not_begun_for_another_incident() -> None:
    (first,) = begin_run()
    assert not begin_run(incident=an_incident(id="ANOTHER"), recent=[first.run])
    other = first.run.model_copy(update={"target": "edge"})
    assert begin_run(incident=an_incident(id="ANOTHER"), recent=[other])
