"""How a run begins: a runbook fits a firing signal, and nothing forbids to look closer.

Beginning is planning, and planning touches nothing; the guards stand before the first touch
(`advancing`).
"""

from collections.abc import Callable, Sequence

from auscult.kernel.incidents import Change, Incident, Signal, Status
from auscult.kernel.runs import Run, RunState
from auscult.remediation.decide.request import Step, When, wake_run, wish_act
from auscult.remediation.decide.runbooks import Runbook, values_of

RUNS_BEGUN_MAX = 5
"""Runs one finding may begin; a storm is met by the next findings and by the guards."""


def consider(  # noqa: PLR0913, PLR0917  # an incident's step, the rules, and what is known of before
    incident: Incident,
    changes: Sequence[Change],
    runbooks: Sequence[Runbook],
    recent_runs: Sequence[Run],
    *,
    now_ms: int,
    new_id: Callable[[], str],
    plan_only: bool = False,
) -> list[Step]:
    """Return the runs to begin for an incident, each with its wish for a plan.

    At most one per (incident, runbook, target) within the runbook's cool-down, none on a target
    that a run is about already, and none for an incident a person has taken unless something new
    happened to it. `recent_runs` holds the tenant's runs of the last hour.
    """
    if incident.is_over or (incident.status is Status.ACKNOWLEDGED and not changes):
        return []
    taken = {run.target for run in recent_runs if not run.state.is_end}
    steps: list[Step] = []
    for runbook in runbooks:
        for target, _ in runbook.fitting(incident) if runbook.enabled else ():
            signal = runbook.firing(incident, target)
            if signal is None or target in taken or len(steps) >= RUNS_BEGUN_MAX:
                continue
            before = _before(incident, runbook, target, recent_runs=recent_runs)
            if _tried(before, runbook, now_ms=now_ms, plan_only=plan_only):
                continue
            taken.add(target)
            run = new_run(incident, runbook, target, run_id=new_id(), now_ms=now_ms)
            steps.append(begin(run, incident, signal, now_ms=now_ms))
    return steps


def new_run(incident: Incident, runbook: Runbook, target: str, *, run_id: str, now_ms: int) -> Run:
    """Return a run that has done nothing yet."""
    return Run(
        id=run_id,
        tenant=incident.tenant,
        incident=incident.id,
        runbook=runbook.name,
        action=runbook.action.use,
        target=target,
        state=RunState.PLANNING,
        started_ms=now_ms,
        updated_ms=now_ms,
        deadline_ms=now_ms + int(runbook.wait_s * 1_000),
    )


def begin(run: Run, incident: Incident, signal: Signal, *, now_ms: int) -> Step:
    """Return the first step of a run: the wish for a plan, and a deadline for its turn."""
    values = values_of(incident, signal) | {"target": run.target}
    when = When(now_ms, run.deadline_ms)
    return Step(
        run=run,
        effects=(wish_act(run, "plan", when, values=values, number=1),),
        timers=(wake_run(run, "deadline", run.deadline_ms),),
        sentence=f"Runbook {run.runbook!r} fits {run.target}: looking at what may be done.",
    )


def _before(
    incident: Incident, runbook: Runbook, target: str, *, recent_runs: Sequence[Run]
) -> list[Run]:
    return [
        run
        for run in recent_runs
        if (run.incident, run.runbook, run.target) == (incident.id, runbook.name, target)
    ]


def _tried(before: list[Run], runbook: Runbook, *, now_ms: int, plan_only: bool) -> bool:
    if plan_only and any(run.state is RunState.PLANNED for run in before):
        return True
    last_ms = max((run.ended_ms or run.updated_ms for run in before), default=None)
    return last_ms is not None and now_ms - last_ms < runbook.cooldown_s * 1_000
