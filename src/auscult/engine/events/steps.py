"""The event path as a list of pure steps: what a fact does to an incident, and what follows.

Each step reads the case and adds to the decision; none looks at a clock, a database or the world.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from auscult.incidents import (
    LAPSE_TIMER,
    advance,
    after_effects,
    look_again,
    quiet_ms,
    settled_ms,
)
from auscult.incidents.grouping import Neighbours
from auscult.kernel.effects import Effect, EffectKind
from auscult.kernel.facts import Answered, Asked, Fact, Found, Rang, Resolved, Timer
from auscult.kernel.incidents import Change, ChangeKind, Incident, Paged
from auscult.kernel.runs import Run
from auscult.notification.decide import (
    LOOK_MS,
    Around,
    MuteRule,
    Route,
    Sight,
    escalate,
    mute,
    wish_messages,
)
from auscult.notification.decide.alerts import Alerting
from auscult.notification.decide.digests import DigestLine, digest_lines
from auscult.notification.decide.mutes import missed_by, still_missed
from auscult.notification.decide.reasons import explain, fingerprint, pack, sum_up
from auscult.notification.decide.wishes import LOUD, is_hushed, is_said_by_call
from auscult.notification.messages.templates import Templates, reword_effects
from auscult.notification.oncall import OnCall
from auscult.notification.oncall.escalation import Call
from auscult.remediation import decide as remediation
from auscult.remediation.decide import Runbook

QUIET_TIMER = "quiet"
SETTLE_TIMER = "settle"
MUTE_TIMER = "mute"
HOLD_MS = 5_000
AUSCULT = "auscult"
DECIDED = "incident.decided"
"""The action of the audit row that says why somebody was told or called, or was not."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What a tenant has decided beforehand, as data."""

    routes: tuple[Route, ...] = ()
    alerting: Alerting = field(default_factory=Alerting)
    templates: Templates = field(default_factory=Templates)
    oncall: OnCall = field(default_factory=lambda: OnCall(policy=""))
    mutes: tuple[MuteRule, ...] = ()
    runbooks: tuple[Runbook, ...] = ()
    plan_only: bool = False
    base_url: str = ""
    neighbours: Neighbours = lambda _service: ()


@dataclass(frozen=True, slots=True)
class Case:
    """A fact and all that may be looked at while deciding on it: nothing else is.

    `incident` is the one the fact is about (none yet, for a problem that is new), `told` the
    channels it has paged, with the title of that page, `stand_ins` which others sent pages in
    their place, `later` its pages that are not due yet, `pages_last_hour` those of each person
    about anything, `sight` what may mute it, `run` the run that a timer or an outcome is about,
    `recent_runs` what the guards count. The time and names for new things come from
    outside, like the rows.
    """

    fact: Fact
    rules: Rules
    now_ms: int
    new_id: Callable[[], str] = field(repr=False)
    incident: Incident | None = None
    told: Mapping[str, str] = field(default_factory=dict)
    stand_ins: Callable[[], Mapping[str, tuple[str, ...]]] = dict
    later: tuple[Paged, ...] = ()
    pages_last_hour: Mapping[str, int] = field(default_factory=dict)
    sight: Sight = field(default_factory=lambda: Sight(0))
    run: Run | None = None
    recent_runs: tuple[Run, ...] = ()


@dataclass(frozen=True, slots=True)
class Note:
    """A line for the audit log, and so for the timeline of what it is about.

    `detail` is what a machine reads of it: the fact that a person handed in, the reasons why.
    """

    actor: str
    action: str
    about: str
    sentence: str
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Decision:
    """Everything that one fact changes; saved in one commit or not at all."""

    incident: Incident | None = None
    changes: tuple[Change, ...] = ()
    runs: tuple[Run, ...] = ()
    effects: tuple[Effect, ...] = ()
    pages: tuple[Paged, ...] = ()
    withdrawn: tuple[str, ...] = ()
    digested: tuple[DigestLine, ...] = ()
    timers: tuple[Timer, ...] = ()
    cancelled: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()
    calls: tuple[Call, ...] = ()


Step = Callable[[Case, Decision], Decision]


def follow(case: Case, decision: Decision) -> Decision:
    """Take the fact into the incident it belongs to, or begin one."""
    step = advance(case.incident, case.fact, now_ms=case.now_ms, new_id=case.new_id())
    asked = {"fact": case.fact.model_dump(mode="json")} if isinstance(case.fact, Asked) else {}
    notes = tuple(replace(_note(change), detail=asked) for change in step.changes)
    return replace(decision, incident=step.incident, changes=step.changes, notes=notes)


def hush(case: Case, decision: Decision) -> Decision:
    """Find out whether anybody is to be told now; what is muted is looked at again by a timer."""
    incident = decision.incident
    if incident is None or incident.is_over:
        return decision
    before = incident.mute
    kinds = {change.kind for change in decision.changes}
    is_asked = bool(kinds & LOUD) or ChangeKind.JOINED in kinds or isinstance(case.fact, Rang)
    found = mute(incident, case.sight) if is_asked else None
    if not is_asked or (found is None and before is None):
        return decision
    if found is None and before is not None and incident.quiet_since_ms is not None:
        found = before.model_copy(update={"until_ms": case.now_ms + HOLD_MS})  # it is over soon
    changes: tuple[Change, ...] = ()
    if found is not None:
        found = found.model_copy(update={"missed": missed_by(before, kinds)})
    if found is None:
        told = _said(incident, case.now_ms, ChangeKind.UNMUTED)
        changes = (told.model_copy(update={"missed": still_missed(incident, before)}),)
    elif before is None or before.by != found.by:
        changes = (_said(incident.model_copy(update={"mute": found}), case.now_ms),)
    due_ms = case.now_ms if found is None else min(found.until_ms, case.now_ms + LOOK_MS)
    key = f"{incident.id}:{MUTE_TIMER}"
    return replace(
        decision,
        incident=incident.model_copy(update={"mute": found}),
        changes=(*decision.changes, *changes),
        notes=(*decision.notes, *map(_note, changes)),
        timers=() if found is None else (_timer(MUTE_TIMER, incident, due_ms),),
        cancelled=(key,) if found is None else (),
    )


def _said(incident: Incident, now_ms: int, kind: ChangeKind = ChangeKind.NOTED) -> Change:
    """Return a line of the timeline: that an incident is muted and why, or not any more."""
    sentence = "People are told of it now."
    if kind is ChangeKind.NOTED and incident.mute is not None:
        sentence = f"Nobody is told for now, by {incident.mute.by}: {incident.mute.why}."
    return Change(kind=kind, incident=incident.id, at_ms=now_ms, actor=AUSCULT, sentence=sentence)


def call(case: Case, decision: Decision) -> Decision:
    """Call whom the incident's policy calls, or nobody any more."""
    if decision.incident is None:
        return decision
    around = _around(case)
    moved = escalate(decision.incident, decision.changes, case.fact, around=around)
    return replace(
        decision,
        incident=moved.incident,
        changes=(*decision.changes, *moved.changes),
        effects=moved.effects,
        pages=moved.pages,
        withdrawn=moved.withdrawn,
        timers=(*decision.timers, *moved.timers),
        cancelled=(*decision.cancelled, *moved.cancelled),
        notes=(*decision.notes, *map(_note, moved.changes)),
        calls=moved.calls,
    )


def _around(case: Case) -> Around:
    return Around(
        case.rules.oncall,
        case.now_ms,
        routes=case.rules.routes,
        told=case.told,
        later=case.later,
        pages_last_hour=case.pages_last_hour,
        base_url=case.rules.base_url,
    )


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
    if incident.acknowledged_until_ms is not None and ChangeKind.ACKNOWLEDGED in kinds:
        timers.append(_timer(LAPSE_TIMER, incident, incident.acknowledged_until_ms))
    elif kinds and (incident.is_over or incident.acknowledged_until_ms is None):
        cancelled.append(f"{incident.id}:{LAPSE_TIMER}")
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
    called = {effect.to for effect in decision.effects if effect.kind is EffectKind.NOTIFY}
    changes = [one for one in decision.changes if not is_hushed(decision.incident, one.kind)]
    lines = digest_lines(
        decision.incident, changes, case.rules.routes, told=case.told, now_ms=case.now_ms
    )
    wishes = wish_messages(
        decision.incident,
        changes,
        case.rules.routes,
        now_ms=case.now_ms,
        base_url=case.rules.base_url,
        told=case.told,
        stand_ins=case.stand_ins() if changes else {},
    )
    beside = [one for one in wishes if not is_said_by_call(one.to, one.payload["kind"], called)]
    return replace(decision, effects=(*decision.effects, *beside), digested=lines)


def word(case: Case, decision: Decision) -> Decision:
    """Say what is told in the tenant's words."""
    if decision.incident is None:
        return decision
    said = reword_effects(decision.effects, decision.incident, case.rules.templates)
    return replace(decision, effects=tuple(said))


def account(case: Case, decision: Decision) -> Decision:
    """Write down why whom was told and called, where that is another answer than the last one."""
    incident = decision.incident
    if incident is None:
        return decision
    before = case.incident.escalation if case.incident is not None else None
    reasons = explain(
        incident.model_copy(update={"escalation": before}),
        decision.changes,
        around=_around(case),
        calls=decision.calls,
    )
    said = fingerprint(reasons)
    if not reasons or (said == incident.decided and not decision.calls):
        return decision
    detail = {"changes": [one.kind.value for one in decision.changes], "reasons": pack(reasons)}
    return replace(
        decision,
        incident=incident.model_copy(update={"decided": said}),
        notes=(*decision.notes, Note(AUSCULT, DECIDED, incident.id, sum_up(reasons), detail)),
    )


STEPS: tuple[Step, ...] = (follow, hush, call, wake, heal, tell, word, account)


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
