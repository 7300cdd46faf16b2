"""How a run ends: healed, refused, taken back or failed, and whether another attempt follows."""

from collections.abc import Sequence
from dataclasses import dataclass

from auscult.kernel.effects import Effect
from auscult.kernel.incidents import Incident
from auscult.kernel.runs import Run, RunState
from auscult.remediation.decide.beginning import begin, new_run
from auscult.remediation.decide.request import Step, When, wake_run, wish_act
from auscult.remediation.decide.runbooks import Runbook

UNDO_WITHIN_MS = 120_000
ATTEMPTS_MAX = 3
REASON_CHARS = 300
HOPEFUL = frozenset({RunState.REFUSED, RunState.FAILED, RunState.UNDONE})
"""Ends after which another attempt may help."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What a run may look at while it decides."""

    runbook: Runbook | None
    incident: Incident | None
    recent_runs: Sequence[Run]
    now_ms: int
    plan_only: bool


def end(run: Run, state: RunState, scene: Scene, *, why: str) -> Step:
    """End a run, and ask for another attempt later where one may help."""
    run = move(run, state, scene.now_ms, deadline_ms=run.deadline_ms)
    run = run.model_copy(update={"ended_ms": scene.now_ms, "reason": why[:REASON_CHARS]})
    sentence = f"Run on {run.target} {state}: {run.reason.rstrip('.')}."
    runbook, incident = scene.runbook, scene.incident
    if state not in HOPEFUL or runbook is None or incident is None or incident.is_over:
        return Step(run, sentence=sentence)
    again_ms = scene.now_ms + int(runbook.cooldown_s * 1_000)
    timers = (wake_run(run, "again", again_ms),) if _attempt(run.id) < ATTEMPTS_MAX else ()
    return Step(run, timers=timers, sentence=sentence)


def refuse(run: Run, scene: Scene, *, why: str) -> Step:
    """End a run that has touched nothing."""
    return end(run, RunState.REFUSED, scene, why=why)


def take_back(run: Run, scene: Scene, *, why: str) -> Step:
    """Begin to undo a repair that failed, or end there where there is nothing to undo."""
    plan = run.plan
    if plan is None or not plan.undo:
        return end(run, RunState.FAILED, scene, why=f"{why}; there is nothing to undo")
    now_ms = scene.now_ms
    run = move(run, RunState.UNDOING, now_ms, deadline_ms=now_ms + UNDO_WITHIN_MS)
    run = run.model_copy(update={"reason": why[:REASON_CHARS]})
    return Step(
        run=run,
        effects=(ask(run, "undo", When(now_ms, run.deadline_ms), number=1),),
        timers=(wake_run(run, "deadline", run.deadline_ms),),
        sentence=f"Repair of {run.target} failed: {why}. Taking it back: {plan.undo}",
    )


def begin_again(run: Run, scene: Scene) -> Step:
    """Begin the next attempt where the trouble goes on and nobody else is at it."""
    runbook, incident = scene.runbook, scene.incident
    if runbook is None or incident is None or incident.is_over or not runbook.enabled:
        return Step(run)
    signal = runbook.firing(incident, run.target)
    root = run.id.partition("-")[0]
    run_id = f"{root}-{_attempt(run.id) + 1}"
    busy = any(
        one.id == run_id or (one.target == run.target and not one.state.is_end)
        for one in scene.recent_runs
    )
    if signal is None or busy or _attempt(run.id) >= ATTEMPTS_MAX:
        return Step(run)
    following = new_run(incident, runbook, run.target, run_id=run_id, now_ms=scene.now_ms)
    return begin(following, incident, signal, now_ms=scene.now_ms)


def _attempt(run_id: str) -> int:
    """Return which attempt a run is: 1, or what stands behind the dash of its id."""
    return int(run_id.partition("-")[2] or 1)


def move(run: Run, state: RunState, now_ms: int, *, deadline_ms: int) -> Run:
    """Return the run in another state."""
    return run.model_copy(update={"state": state, "updated_ms": now_ms, "deadline_ms": deadline_ms})


def ask(run: Run, verb: str, when: When, *, number: int) -> Effect:
    """Return the effect that asks for a verb, with the values the run was planned with."""
    values = run.plan.facts.get("values", {}) if run.plan else {}
    return wish_act(run, verb, when, values=values, number=number)
