"""How a run goes on: one fact at a time, from plan to proof.

```
planning ──guards hold──▶ applying ──done──▶ verifying ──action and detector agree──▶ healed
   │  └─kill switch─▶ planned │                  └─out of time─▶ undoing ──▶ undone
   └─▶ refused ◀─precondition─┘                       └─nothing to undo─▶ failed
```

A fact that does not belong to the state it meets (a repeated outcome, a timer of a state that is
over) changes nothing.
"""

from collections.abc import Sequence

from pydantic import ValidationError

from auscult.kernel.effects import Outcome, Result
from auscult.kernel.facts import Answered, Rang
from auscult.kernel.incidents import Incident
from auscult.kernel.runs import Plan, Run, RunState
from auscult.kernel.times import duration_words
from auscult.remediation.decide.ending import (
    Scene,
    ask,
    begin_again,
    end,
    move,
    refuse,
    take_back,
)
from auscult.remediation.decide.guards import Block, blocked
from auscult.remediation.decide.request import Step, When, act_key, wake_run
from auscult.remediation.decide.runbooks import Runbook

GUARD_POLL_MS = 2_000
APPLY_STARTS_WITHIN_MS = 30_000
"""An apply that was not begun by then never is: what made it right may be gone."""

APPLY_ENDS_WITHIN_MS = 90_000
"""Longer than the last attempt that may begin can take, so that no repair outlives its run."""

VERIFY_DEFAULT_MS = 30_000
"""For runs whose runbook is no longer configured."""


def advance(  # noqa: PLR0913, PLR0917  # a run, a fact, and what a run may look at
    run: Run,
    runbook: Runbook | None,
    fact: Answered | Rang,
    incident: Incident | None,
    recent_runs: Sequence[Run],
    *,
    now_ms: int,
    plan_only: bool = False,
) -> Step:
    """Take one fact into a run; the same fact twice is the same as once.

    `runbook` is None where it is no longer configured, `incident` where it is gone: a run that has
    not touched anything then ends, one that has is led to its proof or its undoing.
    """
    scene = Scene(runbook, incident, recent_runs, now_ms, plan_only)
    if isinstance(fact, Rang):
        return _ring(run, fact.timer.key, scene)
    return _answer(run, fact.outcome, scene)


def _answer(run: Run, outcome: Outcome, scene: Scene) -> Step:
    if run.state is RunState.PLANNING and run.plan is None and _is(outcome, run, "plan"):
        return _planned(run, outcome, scene)
    if run.state is RunState.APPLYING and _is(outcome, run, "apply"):
        return _applied(run, outcome, scene)
    if run.state is RunState.VERIFYING and _is(outcome, run, "verify", number=run.verifications):
        return _verified(run, outcome, scene)
    if run.state is RunState.UNDOING and _is(outcome, run, "undo"):
        return _undone(run, outcome, scene)
    return Step(run)


def _ring(run: Run, key: str, scene: Scene) -> Step:
    if run.state.is_end:
        return begin_again(run, scene) if key == wake_run(run, "again", 0).key else Step(run)
    if key == wake_run(run, "guard", 0).key and run.state is RunState.PLANNING and run.plan:
        return _act(run, run.plan, scene)
    if key != wake_run(run, "deadline", 0).key or scene.now_ms < run.deadline_ms:
        return Step(run)
    return _late(run, scene)


def _late(run: Run, scene: Scene) -> Step:
    """End what a state was given time for and did not reach."""
    if run.state is RunState.PLANNING:
        return refuse(run, scene, why=run.reason or "no plan was made in time")
    if run.state is RunState.UNDOING:
        return end(run, RunState.FAILED, scene, why="undoing it was not done in time")
    late = "be done" if run.state is RunState.APPLYING else "prove itself"
    return take_back(run, scene, why=f"it had its time to {late}")


def _planned(run: Run, outcome: Outcome, scene: Scene) -> Step:
    if outcome.result is not Result.DONE:
        return refuse(run, scene, why=outcome.reason or "no plan was made")
    try:
        plan = Plan.model_validate(outcome.data.get("plan"))
    except ValidationError:
        return refuse(run, scene, why="the action gave no readable plan")
    return _act(run.model_copy(update={"plan": plan}), plan, scene)


def _act(run: Run, plan: Plan, scene: Scene) -> Step:
    """Let a planned run act if it still may: everything is asked again just before the touch."""
    if why := _pointless(run, scene):
        return refuse(run, scene, why=why)
    if scene.plan_only:
        return end(run, RunState.PLANNED, scene, why=f"would have done: {plan.sentence}")
    block = _blocked(run, scene)
    if block is not None:
        return _wait(run, block, scene)
    now_ms = scene.now_ms
    run = move(run, RunState.APPLYING, now_ms, deadline_ms=now_ms + APPLY_ENDS_WITHIN_MS)
    when = When(now_ms, now_ms + APPLY_STARTS_WITHIN_MS)
    return Step(
        run=run,
        effects=(ask(run, "apply", when, number=1),),
        timers=(wake_run(run, "deadline", run.deadline_ms),),
        sentence=f"{plan.sentence} Because: {plan.precondition}.",
    )


def _pointless(run: Run, scene: Scene) -> str:
    """Say why there is nothing to repair any more; empty where there is."""
    if scene.runbook is None or not scene.runbook.enabled:
        return "the runbook is no longer in force"
    if scene.incident is None or scene.incident.is_over:
        return "the incident is over"
    if scene.runbook.firing(scene.incident, run.target) is None:
        return "what it was for has cleared by itself"
    return ""


def _blocked(run: Run, scene: Scene) -> Block | None:
    assert scene.runbook is not None  # by `_pointless`
    return blocked(run, scene.runbook, scene.recent_runs, now_ms=scene.now_ms)


def _wait(run: Run, block: Block, scene: Scene) -> Step:
    """Wait for the turn where waiting may help, else leave it to people."""
    if not block.passes or scene.now_ms >= run.deadline_ms:
        return refuse(run, scene, why=block.sentence)
    news = run.reason != block.sentence
    run = run.model_copy(update={"reason": block.sentence, "updated_ms": scene.now_ms})
    return Step(
        run=run,
        timers=(wake_run(run, "guard", scene.now_ms + GUARD_POLL_MS),),
        sentence=f"Waiting to repair {run.target}: {block.sentence}." if news else "",
    )


def _applied(run: Run, outcome: Outcome, scene: Scene) -> Step:
    if outcome.result is not Result.DONE:
        if outcome.data.get("precondition"):
            return refuse(run, scene, why=outcome.reason)
        return take_back(run, scene, why=outcome.reason or "it could not be done")
    within_ms = _within_ms(scene)
    run = move(run, RunState.VERIFYING, scene.now_ms, deadline_ms=scene.now_ms + within_ms)
    said = f"Done. It has {duration_words(within_ms)} to prove itself."
    step = _look(run, scene)
    deadline = wake_run(run, "deadline", run.deadline_ms)
    return Step(step.run, step.effects, (deadline,), said)


def _verified(run: Run, outcome: Outcome, scene: Scene) -> Step:
    """Take one look at the repair: the action must say yes and the detector must be quiet."""
    works = outcome.result is Result.DONE and outcome.data.get("verified") is True
    if works and _quiet(run, scene):
        took = duration_words(scene.now_ms - run.started_ms)
        return end(run, RunState.HEALED, scene, why=f"healed in {took}: the detector agrees")
    return _look(run, scene)


def _look(run: Run, scene: Scene) -> Step:
    """Ask for the next look, about twenty of them until the deadline."""
    due_ms = scene.now_ms + min(max(_within_ms(scene) // 20, 500), 15_000)
    if due_ms > run.deadline_ms:
        return Step(run)
    run = run.model_copy(
        update={"verifications": run.verifications + 1, "updated_ms": scene.now_ms}
    )
    when = When(due_ms, run.deadline_ms)
    return Step(run, effects=(ask(run, "verify", when, number=run.verifications),))


def _within_ms(scene: Scene) -> int:
    return int(scene.runbook.verify_within_s * 1_000) if scene.runbook else VERIFY_DEFAULT_MS


def _quiet(run: Run, scene: Scene) -> bool:
    """Say whether the detector that saw it no longer does."""
    if scene.incident is None or scene.incident.is_over or scene.runbook is None:
        return True
    return scene.runbook.firing(scene.incident, run.target) is None


def _undone(run: Run, outcome: Outcome, scene: Scene) -> Step:
    if outcome.result is Result.DONE:
        return end(run, RunState.UNDONE, scene, why=f"{run.reason}; it was taken back")
    return end(run, RunState.FAILED, scene, why=f"{run.reason}; undo failed: {outcome.reason}")


def _is(outcome: Outcome, run: Run, verb: str, *, number: int = 1) -> bool:
    return outcome.result is not Result.RETRY and outcome.key == act_key(run, verb, number)
