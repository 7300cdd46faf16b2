"""The life of an incident: `advance` is the only place where one changes."""

from dataclasses import dataclass

from auscult.incidents.again import LOOK_AGAIN_MS
from auscult.incidents.headlines import closing_headline, headline
from auscult.kernel.errors import ObjectMissing, StateConflict
from auscult.kernel.facts import (
    Acknowledged,
    Asked,
    Escalated,
    Fact,
    Found,
    Rang,
    Reassigned,
    Released,
    Resolved,
    Silenced,
)
from auscult.kernel.findings import Finding, Phase
from auscult.kernel.incidents import (
    PEOPLE_MAX,
    SIGNALS_MAX,
    Change,
    ChangeKind,
    Incident,
    Signal,
    Status,
)
from auscult.kernel.times import duration_words
from auscult.kernel.words import Severity, worst

QUIET_HOLD_MS = 20_000
"""How long every signal must stay quiet before an incident resolves by itself (hysteresis)."""

SENTENCE_CHARS = 500
SETTLE_HOLD_MS = 20_000
"""How long what an incident leaves behind must stand still before it is taken as the new usual."""

AUSCULT = "auscult"
LAPSE_TIMER = "lapse"

_NOBODY_HAS_IT = {
    "status": Status.OPEN,
    "acknowledged_ms": None,
    "acknowledged_by": "",
    "acknowledged_until_ms": None,
    "acknowledgers": (),
}


@dataclass(frozen=True, slots=True)
class Advance:
    """What a fact did: the incident as it is now, and the lines it adds to the timeline."""

    incident: Incident | None
    changes: tuple[Change, ...] = ()


def advance(incident: Incident | None, fact: Fact, *, now_ms: int, new_id: str) -> Advance:
    """Take one fact into an incident, or begin one named `new_id` where there is none.

    Raises `ObjectMissing` where a person names an incident that is not there, and
    `StateConflict` where it is already over, or is another's to give back. Facts that change
    nothing return no changes, so that the same fact twice is the same as once.
    """
    if isinstance(fact, Found):
        return _take_finding(incident, fact.finding, now_ms=now_ms, new_id=new_id)
    if isinstance(fact, Asked):
        return _ask(_open(incident), fact, now_ms)
    if isinstance(fact, Rang) and incident is not None and not incident.is_over:
        is_lapse = fact.timer.name == LAPSE_TIMER
        return _lapse(incident, now_ms) if is_lapse else _ring(incident, now_ms)
    return Advance(incident)


def after_effects(incident: Incident) -> tuple[Signal, ...]:
    """Return what still fires where that is only what the incident left behind, else nothing.

    That is: each is a learned observer's word (it has a score), no critical one, and weaker than
    one that is over. A player that is farther from live after a stall is such a thing: as it was
    before it will not be again, and the fault is over all the same.
    """
    firing = still_firing(incident)
    over = [_weight(one) for one in incident.signals if one.phase is Phase.CLEARED]
    left_behind = all(
        one.peak_score > 0 and one.severity is not Severity.CRITICAL and _weight(one) > min(over)
        for one in firing
        if over
    )
    return firing if over and left_behind else ()


def still_firing(incident: Incident) -> tuple[Signal, ...]:
    """Return what fires still; of an incident that is over: in spite of whoever ended it."""
    return tuple(one for one in incident.signals if one.phase is Phase.FIRING)


def _take_finding(
    incident: Incident | None, finding: Finding, *, now_ms: int, new_id: str
) -> Advance:
    if finding.phase is Phase.CLEARED:
        return Advance(None) if incident is None else _clear(incident, finding, now_ms)
    if incident is None:
        return _begin(finding, now_ms, new_id)
    return _join(incident, finding, now_ms)


def _begin(finding: Finding, now_ms: int, new_id: str) -> Advance:
    signals = (_signal(finding),)
    incident = Incident(
        id=new_id,
        tenant=finding.tenant,
        key=finding.fingerprint,
        severity=finding.severity,
        headline=headline(signals, finding.at_ms),
        signals=signals,
        strongest=finding,
        opened_ms=now_ms,
        updated_ms=now_ms,
    )
    return _said_by(finding, incident, ChangeKind.OPENED)


def _join(incident: Incident, finding: Finding, now_ms: int) -> Advance:
    known = {signal.fingerprint: signal for signal in incident.signals}
    before = known.get(finding.fingerprint)
    known[finding.fingerprint] = _signal(finding) if before is None else _again(before, finding)
    signals = _bounded(tuple(known.values()))
    severity = worst([incident.severity, finding.severity])
    stronger = _says(finding) < _says(incident.strongest)
    after = incident.model_copy(
        update={
            "signals": signals,
            "severity": severity,
            "headline": headline(signals, incident.opened_ms),
            "strongest": finding if stronger else incident.strongest,
            "findings_count": incident.findings_count + 1,
            "updated_ms": now_ms,
            "quiet_since_ms": None,
        }
    )
    if severity is not incident.severity:
        if severity is Severity.CRITICAL:  # whoever took it took something smaller
            after = after.model_copy(update=_NOBODY_HAS_IT)
        return _said_by(finding, after, ChangeKind.WORSENED)
    if incident.quiet_since_ms is not None:
        return _said_by(finding, after, ChangeKind.RETURNED)
    if before is None:
        return _said_by(finding, after, ChangeKind.JOINED)
    return Advance(after)


def _clear(incident: Incident, finding: Finding, now_ms: int) -> Advance:
    signals = tuple(
        signal.model_copy(update={"phase": Phase.CLEARED, "last_ms": finding.at_ms})
        if signal.fingerprint == finding.fingerprint
        else signal
        for signal in incident.signals
    )
    if signals == incident.signals:
        return Advance(incident)
    after = incident.model_copy(update={"signals": signals, "updated_ms": now_ms})
    if any(signal.phase is Phase.FIRING for signal in signals):
        return Advance(after)
    if incident.quiet_since_ms is None:  # what has settled was quiet before it was taken as usual
        after = after.model_copy(update={"quiet_since_ms": now_ms})
    over = f"Nothing fires any more: {finding.evidence.sentence}"[:SENTENCE_CHARS]
    return _changed(after, ChangeKind.QUIET, actor=finding.seen_by, sentence=over)


def _ask(incident: Incident, fact: Asked, now_ms: int) -> Advance:
    if isinstance(fact, Acknowledged | Silenced):
        return _acknowledge(incident, fact, now_ms)
    if isinstance(fact, Released):
        return _release(incident, fact.by, now_ms)
    if isinstance(fact, Resolved):
        return _resolve(incident, fact.by, now_ms)
    return _hand_on(incident, fact, now_ms)


def _acknowledge(incident: Incident, fact: Acknowledged | Silenced, now_ms: int) -> Advance:
    """Let somebody have an incident, for a while or till its end; others may have it beside them.

    Who has it already says nothing new by saying so again, unless it is for how long.
    """
    until_ms = now_ms + fact.for_ms if fact.for_ms is not None else None
    has_it = incident.status is Status.ACKNOWLEDGED
    if has_it and fact.by in incident.acknowledgers and until_ms is None:
        return Advance(incident)
    after = incident.model_copy(
        update={
            "status": Status.ACKNOWLEDGED,
            "acknowledged_ms": incident.acknowledged_ms if has_it else now_ms,
            "acknowledged_by": incident.acknowledged_by if has_it else fact.by,
            "acknowledged_until_ms": until_ms,
            "acknowledgers": tuple(dict.fromkeys((*incident.acknowledgers, fact.by)))[-PEOPLE_MAX:],
            "updated_ms": now_ms,
        }
    )
    lasting = f" for {duration_words(fact.for_ms)}" if fact.for_ms is not None else ""
    word = "Snoozed" if isinstance(fact, Silenced) else "Acknowledged"
    sentence = f"{word} by {fact.by}{lasting}."
    return _changed(after, ChangeKind.ACKNOWLEDGED, actor=fact.by, sentence=sentence)


def _release(incident: Incident, by: str, now_ms: int) -> Advance:
    """Take an acknowledgement back; a late click never takes back that of somebody else."""
    if incident.status is not Status.ACKNOWLEDGED:
        return Advance(incident)
    left = tuple(name for name in incident.acknowledgers if name != by)
    if by not in {incident.acknowledged_by, *incident.acknowledgers}:
        raise StateConflict(f"{incident.acknowledged_by} has it")
    if left:
        first = left[0] if by == incident.acknowledged_by else incident.acknowledged_by
        changed = {"acknowledged_by": first, "acknowledgers": left, "updated_ms": now_ms}
        after = incident.model_copy(update=changed)
        sentence = f"Given back by {by}; {first} has it."
        return _changed(after, ChangeKind.NOTED, actor=by, sentence=sentence)
    after = incident.model_copy(update={**_NOBODY_HAS_IT, "updated_ms": now_ms})
    return _changed(after, ChangeKind.RELEASED, actor=by, sentence=f"Given back by {by}.")


def _lapse(incident: Incident, now_ms: int) -> Advance:
    """End an acknowledgement whose time is up: somebody must have it again."""
    until_ms = incident.acknowledged_until_ms
    if incident.status is not Status.ACKNOWLEDGED or until_ms is None or now_ms < until_ms:
        return Advance(incident)
    lasted = duration_words(now_ms - (incident.acknowledged_ms or now_ms))
    sentence = f"{incident.acknowledged_by} had it for {lasted}; that time is up."
    after = incident.model_copy(update={**_NOBODY_HAS_IT, "updated_ms": now_ms})
    return _changed(after, ChangeKind.RELEASED, actor=AUSCULT, sentence=sentence)


def _hand_on(incident: Incident, fact: Escalated | Reassigned, now_ms: int) -> Advance:
    """Ask for others: nobody has an incident until one of them says so."""
    to = f"hands it to {fact.to}" if isinstance(fact, Reassigned) else "asks for the next ones"
    after = incident.model_copy(update={**_NOBODY_HAS_IT, "updated_ms": now_ms})
    return _changed(after, ChangeKind.NOTED, actor=fact.by, sentence=f"{fact.by} {to}.")


def _resolve(incident: Incident, by: str, now_ms: int) -> Advance:
    after = incident.model_copy(
        update={
            "status": Status.RESOLVED,
            "headline": closing_headline(incident, now_ms),
            "resolved_ms": now_ms,
            "resolved_by": by,
            "updated_ms": now_ms,
        }
    )
    if by == AUSCULT:
        why = "Nothing has fired again."
    elif firing := sum(signal.phase is Phase.FIRING for signal in incident.signals):
        still = f"{firing} signal{' still fires' if firing == 1 else 's still fire'}"
        soon = duration_words(LOOK_AGAIN_MS)
        why = f"Resolved by {by} while {still}; what fires in {soon} is told again."
    else:
        why = f"Resolved by {by}."
    return _changed(after, ChangeKind.RESOLVED, actor=by, sentence=why)


def _ring(incident: Incident, now_ms: int) -> Advance:
    """Look at an incident again when its timer has come: is it over, or is the rest settled?"""
    if (over_ms := quiet_ms(incident)) is not None:
        return _resolve(incident, AUSCULT, now_ms) if now_ms >= over_ms else Advance(incident)
    left = after_effects(incident)
    if not left or now_ms < settled_ms(left):
        return Advance(incident)
    told = "; ".join(signal.sentence for signal in left)
    sentence = f"What is left stands still and is weaker than what is over: taken as usual: {told}"
    still_since_ms = min(now_ms, max(signal.last_ms for signal in incident.signals))
    after = incident.model_copy(update={"updated_ms": now_ms, "quiet_since_ms": still_since_ms})
    return _changed(after, ChangeKind.SETTLED, actor=AUSCULT, sentence=sentence[:SENTENCE_CHARS])


def settled_ms(left: tuple[Signal, ...]) -> int:
    """Return when what is left will have stood still for long enough."""
    return max(signal.last_ms for signal in left) + SETTLE_HOLD_MS


def quiet_ms(incident: Incident) -> int | None:
    """Return when an incident that is quiet will have been so for long enough, else nothing."""
    firing = any(signal.phase is Phase.FIRING for signal in incident.signals)
    since_ms = incident.quiet_since_ms
    return None if firing or since_ms is None else since_ms + QUIET_HOLD_MS


def _says(finding: Finding) -> tuple[int, int, float]:
    """Return how much a finding says; the smaller, the more. See `headlines.leading`."""
    return finding.severity.rank, -finding.evidence.explains, -finding.score


def _weight(signal: Signal) -> tuple[int, float]:
    """Return how much a signal says; the smaller, the more."""
    return signal.severity.rank, -signal.peak_score


def _open(incident: Incident | None) -> Incident:
    if incident is None:
        raise ObjectMissing("no such incident")
    if incident.is_over:
        raise StateConflict(f"already resolved by {incident.resolved_by}")
    return incident


def _said_by(finding: Finding, incident: Incident, kind: ChangeKind) -> Advance:
    sentence = finding.evidence.sentence
    return _changed(incident, kind, actor=finding.seen_by, sentence=sentence)


def _changed(incident: Incident, kind: ChangeKind, *, actor: str, sentence: str) -> Advance:
    change = Change(
        kind=kind,
        incident=incident.id,
        at_ms=incident.updated_ms,
        actor=actor,
        sentence=sentence,
    )
    return Advance(incident, (change,))


def _signal(finding: Finding) -> Signal:
    return Signal(
        fingerprint=finding.fingerprint,
        subject=finding.subject,
        signal=finding.signal,
        seen_by=finding.seen_by,
        severity=finding.severity,
        first_ms=finding.at_ms,
        last_ms=finding.at_ms,
        peak_score=finding.score,
        phase=Phase.FIRING,
        sentence=finding.evidence.sentence,
        explains=finding.evidence.explains,
    )


def _again(before: Signal, finding: Finding) -> Signal:
    return _signal(finding).model_copy(
        update={
            "first_ms": before.first_ms,
            "peak_score": max(before.peak_score, finding.score),
            "severity": worst([before.severity, finding.severity]),
            "explains": max(before.explains, finding.evidence.explains),
        }
    )


def _bounded(signals: tuple[Signal, ...]) -> tuple[Signal, ...]:
    """Drop the weakest that are over, then the weakest, so that an incident stays one small row."""
    if len(signals) <= SIGNALS_MAX:
        return signals
    keep = sorted(
        signals, key=lambda one: (one.phase is Phase.CLEARED, one.severity.rank, -one.peak_score)
    )
    kept = {signal.fingerprint for signal in keep[:SIGNALS_MAX]}
    return tuple(signal for signal in signals if signal.fingerprint in kept)
