"""Whether anybody is to be told of an incident now, and if not: by what, and until when.

Muting puts off, it never drops: when the reason is gone and the incident is still open, it is told
then. So every answer names a time at which to look again.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from auscult.kernel.alerts import Silence
from auscult.kernel.findings import Phase
from auscult.kernel.incidents import ChangeKind, Incident, Mute, Status
from auscult.kernel.matchers import Matcher, matches_all, read_matchers
from auscult.kernel.times import MINUTE_MS, SECOND_MS
from auscult.kernel.words import Labels, Severity, Word
from auscult.notification.oncall.hours import Hours, closes_ms, covers_week, is_open
from auscult.notification.oncall.schedule import HOURS_MAX, Name, listed
from auscult.notification.oncall.zones import Wall, Zone, first_ms

LOOK_MS = 15_000
"""How soon is looked again at what may end at any time: another incident, a silence."""

MISSED = (ChangeKind.WORSENED, ChangeKind.RELEASED, ChangeKind.RETURNED)
"""What people who know of an incident are to hear once it is no longer muted, if it holds still;
what weighs most first, for they hear one thing."""

REASONS = ("hours", "start", "while", "pause_s", "flaps")


class MuteRule(Word):
    """When nobody is told of incidents that match: one of five reasons.

    - `hours` of the week, or `start` and `end`: maintenance, by the clocks of `time_zone`.
    - `while`: another open incident fulfils these matchers, with the same values of the labels
      `equal`: what depends on something that is broken is not told beside it.
    - `pause_s`: for so long after its beginning: what is over by then was a blip.
    - `flaps`: it has begun as often within `within_min`; it is told once it has stayed for
      `hold_min`.

    A rule is for an incident when every signal of it that fires fulfils `match`, and its severity
    is listed.
    """

    name: Name
    match: Annotated[tuple[Matcher, ...], BeforeValidator(read_matchers)] = Field(
        default=(), max_length=50
    )
    severity: Annotated[tuple[Severity, ...], BeforeValidator(listed)] = tuple(Severity)
    time_zone: Zone = "UTC"
    hours: tuple[Hours, ...] = Field(default=(), max_length=HOURS_MAX)
    start: Wall | None = None
    end: Wall | None = None
    below: Annotated[tuple[Matcher, ...], BeforeValidator(read_matchers)] = Field(
        default=(), max_length=50, alias="while"
    )
    equal: Annotated[tuple[Name, ...], BeforeValidator(listed)] = Field(default=(), max_length=20)
    pause_s: int | None = Field(default=None, ge=1, le=3_600)
    flaps: int | None = Field(default=None, ge=2, le=100)
    within_min: int = Field(default=60, ge=1, le=1_440)
    hold_min: int = Field(default=10, ge=1, le=1_440)

    @model_validator(mode="after")
    def _has_one_reason(self) -> Self:
        given = (self.hours, self.start, self.below, self.pause_s, self.flaps)
        if sum(bool(one) for one in given) != 1:
            raise ValueError(f"give one of {', '.join(REASONS)}")
        if (self.start is None) is not (self.end is None):
            raise ValueError("start: and end: belong together")
        if self.start is not None and self.end is not None and self.end <= self.start:
            raise ValueError("end: lies not after start")
        if self.hours and covers_week(self.hours):
            raise ValueError("hours: no minute of the week is left in which anybody is told")
        if self.equal and not self.below:
            raise ValueError("equal: belongs to while")
        return self

    def is_for(self, incident: Incident, labels: Sequence[Labels]) -> bool:
        """Say whether the rule is for an incident whose firing signals have these labels."""
        return incident.severity in self.severity and all(
            matches_all(self.match, one) for one in labels
        )


@dataclass(frozen=True, slots=True)
class Sight:
    """What may be looked at beside the incident; each is asked only where a rule needs it.

    `silences` of the tenant, its `others`: open incidents, and how often the incident's like began
    since a time (`begun_since`).
    """

    now_ms: int
    rules: Sequence[MuteRule] = ()
    silences: Callable[[], Iterable[Silence]] = tuple
    others: Callable[[], Iterable[Incident]] = tuple
    begun_since: Callable[[Incident, int], int] = lambda _incident, _since_ms: 1


def mute(incident: Incident, sight: Sight) -> Mute | None:
    """Return by what an incident is muted now; None where people are to be told.

    Of several reasons the first rule speaks, then silences.
    """
    firing = [one for one in incident.signals if one.phase is Phase.FIRING] or incident.signals
    labels = [incident.labels_of(signal) for signal in firing]
    for rule in sight.rules:
        if rule.is_for(incident, labels) and (found := _by_rule(rule, incident, sight)):
            return found
    return _by_silences(labels, sight)


def missed_by(before: Mute | None, kinds: Collection[ChangeKind]) -> tuple[ChangeKind, ...]:
    """Return what is not told while an incident is muted: what was not before, and these steps."""
    known = before.missed if before is not None else ()
    return tuple(one for one in MISSED if one in known or one in kinds)


def still_missed(incident: Incident, before: Mute | None) -> tuple[ChangeKind, ...]:
    """Return what was not told while an incident was muted and holds now that it is no longer."""
    has_somebody = incident.status is not Status.OPEN
    missed = before.missed if before is not None else ()
    return tuple(one for one in missed if not (one is ChangeKind.RELEASED and has_somebody))


def _by_rule(rule: MuteRule, incident: Incident, sight: Sight) -> Mute | None:
    now_ms = sight.now_ms
    if rule.below:
        return _by_another(rule, incident, sight)
    if rule.pause_s is not None:
        until_ms = incident.opened_ms + rule.pause_s * SECOND_MS
        why = f"it may be over within {rule.pause_s} s"
    elif rule.flaps is not None:
        since_ms = incident.opened_ms - rule.within_min * MINUTE_MS
        until_ms = incident.opened_ms + rule.hold_min * MINUTE_MS
        if now_ms >= until_ms or (times := sight.begun_since(incident, since_ms)) < rule.flaps:
            return None
        why = f"it has begun {times} times within {rule.within_min} min"
    else:
        until_ms = _maintained_until_ms(rule, now_ms)
        why = "maintenance"
    return Mute(by=rule.name, why=why, until_ms=until_ms) if now_ms < until_ms else None


def _maintained_until_ms(rule: MuteRule, now_ms: int) -> int:
    """Return when the window that is open now closes; `now_ms` where none is."""
    if rule.hours:
        if not is_open(rule.hours, now_ms, rule.time_zone):
            return now_ms
        return closes_ms(rule.hours, now_ms, rule.time_zone)
    assert rule.start is not None
    assert rule.end is not None
    from_ms, to_ms = (first_ms(one, rule.time_zone) for one in (rule.start, rule.end))
    return to_ms if from_ms <= now_ms < to_ms else now_ms


def _by_another(rule: MuteRule, incident: Incident, sight: Sight) -> Mute | None:
    """Return the open incident that this one depends on; none that the rule is for itself."""
    own = dict(incident.labels_of(incident.signals[0]))
    for other in sight.others():
        is_mutual = other.mute is not None and other.mute.other == incident.id
        if other.id == incident.id or other.is_over or is_mutual:
            continue
        theirs = [other.labels_of(one) for one in other.signals if one.phase is Phase.FIRING]
        if not theirs or rule.is_for(other, theirs):
            continue
        for labels in theirs:
            known = dict(labels)
            is_same = all(own.get(name, "") == known.get(name, "") for name in rule.equal)
            if is_same and matches_all(rule.below, labels):
                why = f"{other.strongest.subject} is broken, on which it depends"
                return Mute(by=rule.name, why=why, until_ms=sight.now_ms + LOOK_MS, other=other.id)
    return None


def _by_silences(labels: Sequence[Labels], sight: Sight) -> Mute | None:
    silences = [one for one in sight.silences() if one.starts_ms <= sight.now_ms < one.ends_ms]
    found: list[Silence] = []
    for one in labels:
        silent = next((s for s in silences if s.mutes(one, sight.now_ms)), None)
        if silent is None:
            return None
        found.append(silent)
    first = min(found, key=lambda one: one.ends_ms)
    by = f"silence of {first.created_by or 'nobody named'}"
    why = first.comment or "no reason was given"
    return Mute(by=by[:200], why=why[:300], until_ms=first.ends_ms)
