"""Between the store and the steps: load the rows a fact needs, decide, save what follows."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from auscult.engine.alerts.looking import Standing, group_in, standing_of
from auscult.engine.alerts.telling import note_refusal
from auscult.engine.events.settled import Settled
from auscult.engine.events.steps import Case, Decision, Note, Rules, step
from auscult.engine.oncall.handover import HANDOVER_TIMER, ring
from auscult.engine.oncall.takeovers import KEPT_MS, in_force
from auscult.incidents import LOOK_AGAIN_MS, choose, looked_at, tell_again
from auscult.kernel.deliveries import RETRY_AFTER_MAX_MS
from auscult.kernel.effects import Effect, EffectKind, Outcome, Result
from auscult.kernel.facts import (
    Acknowledged,
    Answered,
    Escalated,
    Fact,
    Found,
    Rang,
    Reassigned,
    Released,
    Resolved,
    Silenced,
)
from auscult.kernel.findings import Phase
from auscult.kernel.incidents import Incident
from auscult.kernel.runs import Run
from auscult.kernel.words import TenantId
from auscult.notification.decide import KEPT_BY, Sight, learn, stand_ins, told_channels
from auscult.notification.decide.calls import call_again
from auscult.notification.decide.digests import DigestLine, add_to_digest
from auscult.notification.decide.wishes import PAGES
from auscult.runtime.ids import new_id

if TYPE_CHECKING:
    from auscult.engine.wiring import Plans
    from auscult.runtime.clock import Clock
    from auscult.store import TenantRows, Work

CANDIDATES_MAX = 100
RECENT_RUNS_MAX = 500
HOUR_MS = 3_600_000
BACKOFF_FIRST_MS = 1_000
BACKOFF_MOST_MS = 300_000
GIVE_UP_MS = 24 * HOUR_MS
"""An effect that was not done a day after it was due is given up, and its incident says so."""


def make_ready(work: "Work", facts: Sequence[Fact]) -> None:
    """Read at once what several facts will ask for one by one."""
    keys: dict[TenantId, list[str]] = {}
    for fact in facts:
        if isinstance(fact, Answered):
            keys.setdefault(fact.tenant, []).append(fact.outcome.key)
    for tenant, some in keys.items():
        work.of(tenant).effects.make_ready(some)


def settle(work: "Work", fact: Fact, plans: "Plans", *, clock: "Clock") -> Settled:
    """Decide on one fact inside a transaction; raises what the decision raises."""
    rows = work.of(fact.tenant)
    now_ms = clock.now_ms()
    if isinstance(fact, Rang):
        if rows.timers.take(fact.timer.key, due_by_ms=now_ms) is None:
            return Settled(fact.tenant)
        if fact.timer.name == HANDOVER_TIMER:
            plan = plans.of(fact.tenant)
            oncall = in_force(rows, plan.rules.oncall, now_ms - KEPT_MS)
            return ring(rows, fact.timer, oncall, plan=plan, now_ms=now_ms)
        if looked_at(fact.timer) is not None:
            again = _told_again(rows, fact, plans.of(fact.tenant).rules, now_ms=now_ms)
            if again is None:
                return Settled(fact.tenant)
            fact = again
    effect: Effect | None = None
    if isinstance(fact, Answered):
        effect = _settle_effect(rows, fact.outcome, now_ms)
        if effect is not None and fact.outcome.result is Result.REFUSED:
            note_refusal(rows, effect)
        if effect is None or effect.kind is not EffectKind.ACT:
            return Settled(fact.tenant)
    rules = plans.of(fact.tenant).rules
    case = _load(rows, fact, rules, effect=effect, clock=clock)
    decision = step(case)
    due = _save(rows, case, decision)
    return Settled(
        fact.tenant,
        decision.incident,
        decision.changes,
        decision.runs,
        effects=due,
        timers=len(decision.timers),
    )


def _told_again(rows: "TenantRows", rang: Rang, rules: Rules, *, now_ms: int) -> Found | None:
    """Return what is to be told of a fault that goes on although a person resolved it.

    Of alerts the store knows whether they fire; while they are muted it is looked at again later.
    """
    asked = looked_at(rang.timer) or ""
    resolved = rows.incidents.get(rang.timer.about)
    last = rows.findings.last(rang.timer.about, asked)
    if resolved is None or last is None:
        return None
    is_held = rows.incidents.holding(last.fingerprint) is not None
    if (group := group_in(asked)) is not None and not is_held:
        standing = standing_of(rows, group, rules.alerting, now_ms=now_ms)
        rang = rang.model_copy(update={"still_firing": standing is Standing.FIRING})
        if standing is Standing.MUTED:
            due_ms = now_ms + LOOK_AGAIN_MS
            rows.timers.set(rang.timer.model_copy(update={"due_ms": due_ms}))
    finding = tell_again(rang, resolved, last, is_held=is_held, now_ms=now_ms)
    return Found(finding=finding) if finding is not None else None


def _load(
    rows: "TenantRows", fact: Fact, rules: Rules, *, effect: Effect | None, clock: "Clock"
) -> Case:
    now_ms = clock.now_ms()
    rules = replace(rules, oncall=in_force(rows, rules.oncall, now_ms))
    run = _run_about(rows, fact, effect)
    incident = _incident_about(rows, fact, rules, effect=effect, run=run)
    told = rows.effects.first_to_each(incident.id, PAGES, due_by_ms=now_ms) if incident else []
    is_limited = rules.oncall.is_load_limited
    return Case(
        fact=fact,
        rules=rules,
        now_ms=now_ms,
        new_id=lambda: new_id(clock),
        incident=incident,
        told=told_channels(told, now_ms=now_ms),
        stand_ins=lambda: stand_ins(rows.effects.leaving(incident.id) if incident else ()),
        later=tuple(rows.pages.coming(incident.id, now_ms)) if incident is not None else (),
        pages_last_hour=rows.pages.counts(now_ms - HOUR_MS, now_ms) if is_limited else {},
        sight=sight_of(rows, rules, now_ms),
        run=run,
        recent_runs=tuple(rows.runs.recent(now_ms - HOUR_MS, RECENT_RUNS_MAX)),
    )


def sight_of(rows: "TenantRows", rules: Rules, now_ms: int) -> Sight:
    """Return what may mute an incident, to be read only where somebody asks."""
    return Sight(
        now_ms,
        rules.mutes,
        silences=lambda: rows.silences.ending_after(now_ms),
        others=lambda: rows.incidents.recent(CANDIDATES_MAX),
        begun_since=rows.incidents.begun_since,
    )


def _run_about(rows: "TenantRows", fact: Fact, effect: Effect | None) -> Run | None:
    if effect is not None:
        return rows.runs.get(str(effect.payload.get("run", "")))
    return rows.runs.get(fact.timer.about) if isinstance(fact, Rang) else None


def _incident_about(
    rows: "TenantRows", fact: Fact, rules: Rules, *, effect: Effect | None, run: Run | None
) -> Incident | None:
    if isinstance(fact, Found):
        holding = rows.incidents.holding(fact.finding.fingerprint)
        candidates = () if holding else rows.incidents.recent(CANDIDATES_MAX)
        return holding or choose(fact.finding, candidates, neighbours=rules.neighbours)
    if isinstance(fact, Acknowledged | Released | Resolved | Silenced | Escalated | Reassigned):
        return rows.incidents.get(fact.incident)
    if isinstance(fact, Rang):
        return rows.incidents.get(run.incident if run else fact.timer.about)
    return rows.incidents.get(effect.incident) if effect is not None else None


def _settle_effect(rows: "TenantRows", outcome: Outcome, now_ms: int) -> Effect | None:
    """Write the outcome down; return the effect when it is over, None when it goes on."""
    row = rows.effects.row(outcome.key)
    if row is None or row.state != "pending":
        return None
    retry_at_ms: int | None = None
    if outcome.result is Result.RETRY:
        if now_ms - row.effect.due_ms < GIVE_UP_MS:
            retry_at_ms = now_ms + _pause_ms(row.attempts, outcome.retry_after_ms)
        else:
            outcome = outcome.model_copy(update={"result": Result.REFUSED})
    if retry_at_ms is not None and "so_far" in outcome.data:
        payload = row.effect.payload | {"so_far": outcome.data["so_far"]}
        rows.effects.keep(row.effect.model_copy(update={"payload": payload}))
    if outcome.result is Result.DONE and KEPT_BY in outcome.data:
        kept_by = outcome.data[KEPT_BY]
        rows.effects.keep(learn(row.effect, kept_by), left_by=next(iter(kept_by), ""))
    rows.effects.settle_pending(outcome, retry_at_ms=retry_at_ms)
    _note_delivery(rows, row.effect, outcome)
    return row.effect if retry_at_ms is None else None


def _note_delivery(rows: "TenantRows", effect: Effect, outcome: Outcome) -> None:
    words = {Result.DONE: "done", Result.RETRY: "will be tried again", Result.REFUSED: "given up"}
    what = f"{effect.to} ({effect.plug}) {effect.verb}: {words[outcome.result]}"
    sentence = f"{what}: {outcome.reason}" if outcome.reason else what
    rows.audit.append(
        at_ms=outcome.at_ms,
        actor="auscult",
        action=f"effect.{outcome.result}",
        about=effect.incident,
        detail={"sentence": sentence, "key": effect.key},
    )


def _pause_ms(attempts_before: int, asked_ms: int | None) -> int:
    """Return how long to wait: doubling, bounded, and never less than the receiver asked."""
    doubled = min(BACKOFF_FIRST_MS << min(attempts_before, 20), BACKOFF_MOST_MS)
    return max(doubled, min(asked_ms or 0, RETRY_AFTER_MAX_MS))


def _save(rows: "TenantRows", case: Case, decision: Decision) -> int:
    """Write a decision down; return how many effects became due."""
    if decision.incident is not None and decision.incident is not case.incident:
        rows.incidents.put(decision.incident)
        if isinstance(case.fact, Found) and case.fact.finding.phase is Phase.FIRING:
            finding = case.fact.finding
            rows.findings.append(decision.incident.id, finding)
            rows.exhibits.add(decision.incident.id, finding)
    for run in decision.runs:
        rows.runs.put(run)
    for key in decision.cancelled:
        rows.timers.cancel(key)
    for timer in decision.timers:
        rows.timers.set(timer)
    rows.effects.withdraw(decision.withdrawn)
    rows.pages.withdraw(decision.withdrawn)
    for note in decision.notes:
        _write_note(rows, note, case.now_ms)
    wished = _wish(rows, decision, case.now_ms)
    return wished + sum(_write_line(rows, line, case.rules) for line in decision.digested)


def _wish(rows: "TenantRows", decision: Decision, now_ms: int) -> int:
    """Write the wishes down, and who is called by which; return how many became due.

    A call whose key was wished before, which a clock that was set back can bring about, is made by
    another message: whoever a policy calls now has not been told by then.
    """
    called = {page.key for page in decision.pages}
    anew: dict[str, str] = {}
    count = 0
    for effect in decision.effects:
        is_new = rows.effects.wish(effect)
        if not is_new and effect.key in called:
            again = call_again(effect, now_ms)
            anew[effect.key] = again.key
            is_new = rows.effects.wish(again)
        count += is_new
    rows.pages.add(
        one.model_copy(update={"key": anew.get(one.key, one.key)}) for one in decision.pages
    )
    return count


def _write_line(rows: "TenantRows", line: DigestLine, rules: Rules) -> int:
    """Write a line into its digest, or begin that; return how many effects became due."""
    row = rows.effects.row(line.key)
    if row is not None and (row.state != "pending" or row.attempts):
        return 0  # it is on its way: what is over by now was said to have begun
    before = row.effect if row is not None else None
    digest = add_to_digest(before, line, tenant=rows.tenant, base_url=rules.base_url)
    if digest is None:
        return 0
    if before is None:
        return int(rows.effects.wish(digest))
    rows.effects.keep(digest)
    return 0


def _write_note(rows: "TenantRows", note: Note, now_ms: int) -> None:
    rows.audit.append(
        at_ms=now_ms,
        actor=note.actor,
        action=note.action,
        about=note.about,
        detail={"sentence": note.sentence, **note.detail},
    )
