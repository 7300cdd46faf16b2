"""The event path as a list of pure steps: what a fact does to an incident, and what follows.

Each step reads the case and adds to the decision; none looks at a clock, a database or the world.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from auscult.incidents import (
    advance,
    after_effects,
    look_again,
    quiet_ms,
    settled_ms,
)
from auscult.incidents.grouping import Neighbours
from auscult.kernel.effects import Effect
from auscult.kernel.facts import Answered, Fact, Found, Rang, Resolved, Timer
from auscult.kernel.incidents import Change, ChangeKind, Incident
from auscult.kernel.runs import Run
from auscult.notification.decide import Route, wish_messages
from auscult.notification.decide.alerts import Alerting
from auscult.notification.messages.templates import Templates, reword_effects
from auscult.remediation import decide as remediation
from auscult.remediation.decide import Runbook

QUIET_TIMER = "quiet"
SETTLE_TIMER = "settle"
AUSCULT = "auscult"


@dataclass(frozen=True, slots=True)
class Rules:
    """What a tenant has decided beforehand, as data."""

    routes: tuple[Route, ...] = ()
    alerting: Alerting = field(default_factory=Alerting)
    templates: Templates = field(default_factory=Templates)
    runbooks: tuple[Runbook, ...] = ()
    plan_only: bool = False
    base_url: str = ""
    neighbours: Neighbours = lambda _service: ()


@dataclass(frozen=True, slots=True)
class Case:
    """A fact and all that may be looked at while deciding on it: nothing else is.

    `incident` is the one the fact is about (none yet, for a problem that is new), `told` the
    channels it has paged, with the title of that page, `stand_ins` which others sent pages in
    their place, `run` the run that a timer or an outcome
    is about, `recent_runs` what the guards count. The time and names for new things come from
    outside, like the rows.
    """

    fact: Fact
    rules: Rules
    now_ms: int
    new_id: Callable[[], str] = field(repr=False)
    incident: Incident | None = None
    told: Mapping[str, str] = field(default_factory=dict)
    stand_ins: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    run: Run | None = None
    recent_runs: tuple[Run, ...] = ()


@dataclass(frozen=True, slots=True)
class Note:
    """A line for the audit log, and so for the timeline of what it is about."""

    actor: str
    action: str
    about: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Decision:
    """Everything that one fact changes; saved in one commit or not at all."""

    incident: Incident | None = None
    changes: tuple[Change, ...] = ()
    runs: tuple[Run, ...] = ()
    effects: tuple[Effect, ...] = ()
    timers: tuple[Timer, ...] = ()
    cancelled: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()


Step = Callable[[Case, Decision], Decision]


def follow(case: Case, decision: Decision) -> Decision:
    """Take the fact into the incident it belongs to, or begin one."""
    step = advance(case.incident, case.fact, now_ms=case.now_ms, new_id=case.new_id())
    notes = tuple(_note(change) for change in step.changes)
    return replace(decision, incident=step.incident, changes=step.changes, notes=notes)


def wake(case: Case, decision: Decision) -> Decision:
    """Ask to be woken when an incident may be over, or not, or what it left behind is settled."""
    incident = decision.incident
    if incident is None:
        return decision
    kinds = {change.kind for change in decision.changes}
    timers, cancelled = list(decision.timers), list(decision.cancelled)
    if ChangeKind.QUIET in kinds and (over_ms := quiet_ms(incident)) is not None:
        timers.append(_timer(QUIET_TIMER, incident, max(case.now_ms, over_ms)))
    elif ChangeKind.RETURNED in kinds or (kinds and incident.is_over):
        cancelled.append(f"{incident.id}:{QUIET_TIMER}")
    if kinds and isinstance(case.fact, Resolved):
        timers += look_again(incident, case.now_ms)
    if isinstance(case.fact, Found) and (left := after_effects(incident)):
        timers.append(_timer(SETTLE_TIMER, incident, max(case.now_ms, settled_ms(left))))
    return replace(decision, timers=tuple(timers), cancelled=tuple(cancelled))


def _timer(name: str, incident: Incident, due_ms: int) -> Timer:
    key = f"{incident.id}:{name}"
    return Timer(key=key, tenant=incident.tenant, name=name, about=incident.id, due_ms=due_ms)


def heal(case: Case, decision: Decision) -> Decision:
    """Begin runs where a runbook fits, and lead the run a timer or an outcome is about onward."""
    steps = _remedies(case, decision)
    return replace(
        decision,
        runs=tuple(step.run for step in steps),
        effects=(*decision.effects, *(effect for step in steps for effect in step.effects)),
        timers=(*decision.timers, *(timer for step in steps for timer in step.timers)),
        notes=(
            *decision.notes,
            *(
                Note(AUSCULT, f"run.{step.run.state}", step.run.incident, step.sentence)
                for step in steps
                if step.sentence
            ),
        ),
    )


def tell(case: Case, decision: Decision) -> Decision:
    """Wish for the messages that the tenant's routes ask for."""
    if decision.incident is None:
        return decision
    wishes = wish_messages(
        decision.incident,
        decision.changes,
        case.rules.routes,
        now_ms=case.now_ms,
        base_url=case.rules.base_url,
        told=case.told,
        stand_ins=case.stand_ins,
    )
    worded = reword_effects(wishes, decision.incident, case.rules.templates)
    return replace(decision, effects=(*decision.effects, *worded))


STEPS: tuple[Step, ...] = (follow, wake, heal, tell)


def step(case: Case) -> Decision:
    """Decide on one fact: every step in order, each adding to the decision."""
    decision = Decision()
    for one in STEPS:
        decision = one(case, decision)
    return decision


def _remedies(case: Case, decision: Decision) -> list[remediation.Step]:
    if case.run is not None and isinstance(case.fact, Answered | Rang):
        name = case.run.runbook
        runbook = next((book for book in case.rules.runbooks if book.name == name), None)
        return [
            remediation.advance(
                case.run,
                runbook,
                case.fact,
                incident=decision.incident,
                recent_runs=case.recent_runs,
                now_ms=case.now_ms,
                plan_only=case.rules.plan_only,
            )
        ]
    if decision.incident is None or not isinstance(case.fact, Found):
        return []
    return remediation.consider(
        decision.incident,
        decision.changes,
        case.rules.runbooks,
        recent_runs=case.recent_runs,
        now_ms=case.now_ms,
        new_id=case.new_id,
        plan_only=case.rules.plan_only,
    )


def _note(change: Change) -> Note:
    return Note(change.actor, f"incident.{change.kind}", change.incident, change.sentence)
