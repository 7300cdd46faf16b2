"""A run on its way: helpers that hand it facts as the engine would."""

from typing import Any

from auscult.kernel.effects import Effect, Outcome, Result
from auscult.kernel.facts import Answered, Rang, Timer
from auscult.kernel.incidents import Incident
from auscult.kernel.runs import Run
from auscult.remediation.decide import Runbook, Step, advance, consider
from tests.story import AT_MS, a_change, an_incident

PLAN = {
    "target": "stage:encode",
    "sentence": "Start stage:encode.",
    "precondition": "it is EXITED",
    "undo": "",
    "facts": {"values": {"service": "encode"}},
}


def a_book(**changed: Any) -> Runbook:
    """Return a runbook for the absence detector's findings."""
    told = {"name": "restart", "match": ['seen_by="absence"'], "action": {"use": "supervisor"}}
    return Runbook.model_validate(told | changed)


def begin_run(
    book: Runbook | None = None, incident: Incident | None = None, **changed: Any
) -> list[Step]:
    """Consider a runbook about an incident, at `AT_MS`."""
    told: dict[str, Any] = {"now_ms": AT_MS, "new_id": lambda: "01J9RUN"}
    recent = changed.pop("recent", ())
    changes = changed.pop("changes", [a_change()])
    where = incident or an_incident()
    return consider(where, changes, [book or a_book()], recent, **(told | changed))


def answer(effect: Effect, result: Result = Result.DONE, **data: Any) -> Answered:
    """Return the world's answer to an effect."""
    reason = "" if result is Result.DONE else "no"
    outcome = Outcome(
        key=effect.key,
        tenant=effect.tenant,
        result=result,
        reason=reason,
        at_ms=AT_MS,
        data=data,
    )
    return Answered(outcome=outcome)


def ring(timer: Timer) -> Rang:
    """Return the fact that a timer is due."""
    return Rang(timer=timer)


def go(run: Run, fact: Answered | Rang, now_ms: int = AT_MS, **changed: Any) -> Step:
    """Take one fact into a run."""
    book = changed.pop("book", a_book())
    incident = changed.pop("incident", an_incident())
    recent = changed.pop("recent", ())
    return advance(run, book, fact, incident, recent, now_ms=now_ms, **changed)


def applying(**changed: Any) -> Step:
    """Return the step at which a run begins to act."""
    (first,) = begin_run(changed.get("book"))
    plan = changed.pop("plan", PLAN)
    return go(first.run, answer(first.effects[0], plan=plan), **changed)


def verifying(**changed: Any) -> Step:
    """Return the step at which a run begins to prove itself."""
    step = applying(**changed)
    changed.pop("plan", None)
    return go(step.run, answer(step.effects[0]), **changed)
