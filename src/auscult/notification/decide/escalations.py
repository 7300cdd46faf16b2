"""Whom an incident's policy calls: at each step of its life, and when its timer has come."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from auscult.kernel.effects import Effect
from auscult.kernel.errors import ObjectMissing, StateConflict
from auscult.kernel.facts import Escalated, Fact, Rang, Reassigned, Released, Timer
from auscult.kernel.incidents import (
    Change,
    ChangeKind,
    Escalation,
    Incident,
    Paged,
    Status,
)
from auscult.kernel.times import MINUTE_MS
from auscult.notification.decide.calls import by_message, no_longer, note_page, say_call, why_line
from auscult.notification.decide.routes import Route
from auscult.notification.decide.wishes import WIDENS, message_key, wish
from auscult.notification.oncall.escalation import (
    Call,
    begin,
    due,
    hand,
    hurry,
    rests,
    resume,
    said_next,
    take,
)
from auscult.notification.oncall.policy import Aim, Policy, Target, read_target
from auscult.notification.oncall.resolve import Staff
from auscult.notification.oncall.section import OnCall

ESCALATE_TIMER = "escalate"
AWAY_WAIT_MS = 60_000
QUIET_WAIT_MS = 5_000
"""How long a step is put off while nothing fires: in a moment that is over, or it is back."""


@dataclass(frozen=True, slots=True)
class Around:
    """What may be looked at beside the incident.

    `told` are the channels that it has paged, `later` the pages that are not due yet,
    `pages_last_hour` those of each person about anything.
    """

    oncall: OnCall
    now_ms: int
    routes: Sequence[Route] = ()
    told: Collection[str] = ()
    later: tuple[Paged, ...] = ()
    pages_last_hour: Mapping[str, int] = field(default_factory=dict)
    base_url: str = ""

    @property
    def staff(self) -> Staff:
        """Everybody there is."""
        return self.oncall.staff(self.pages_last_hour)


@dataclass(frozen=True, slots=True)
class Moved:
    """What comes of it: the incident, whom to page, and which pages no longer hold."""

    incident: Incident
    changes: tuple[Change, ...] = ()
    effects: tuple[Effect, ...] = ()
    pages: tuple[Paged, ...] = ()
    timers: tuple[Timer, ...] = ()
    cancelled: tuple[str, ...] = ()
    withdrawn: tuple[str, ...] = ()
    calls: tuple[Call, ...] = ()


@dataclass(frozen=True, slots=True)
class _Turn:
    """What has just happened to an incident, and by which policy it goes."""

    incident: Incident
    kinds: frozenset[ChangeKind]
    fact: Fact
    policy: Policy
    around: Around

    @property
    def is_handed_on(self) -> bool:
        return isinstance(self.fact, Escalated | Reassigned)

    @property
    def is_rung(self) -> bool:
        is_due = isinstance(self.fact, Rang) and self.fact.timer.name == ESCALATE_TIMER
        return is_due or ChangeKind.UNMUTED in self.kinds

    @property
    def held_until_ms(self) -> int | None:
        """Till when nobody is called, unless a person asks for it; None where people are."""
        if self.is_handed_on:
            return None
        if self.incident.mute is not None:
            return max(self.incident.mute.until_ms, self.around.now_ms + QUIET_WAIT_MS)
        is_quiet = self.incident.quiet_since_ms is not None
        return self.around.now_ms + QUIET_WAIT_MS if is_quiet else None

    @property
    def has_somebody(self) -> bool:
        return self.incident.status is Status.ACKNOWLEDGED

    @property
    def has_it(self) -> frozenset[str]:
        """Which of the people say that they have it."""
        called = self.around.oncall.called
        names = (by.lower().partition(" (")[0] for by in self.incident.acknowledgers)
        found = (called.get(name) for name in names)  # "ada (Slack)" is ada
        return frozenset(name for name in found if name is not None)


_Led = tuple[Escalation, tuple[Call, ...]]


def escalate(incident: Incident, changes: Sequence[Change], fact: Fact, *, around: Around) -> Moved:
    """Lead an incident's policy on by what has just happened to it.

    Raises `StateConflict` where a person asks for the next step and no policy is for it, and
    `ObjectMissing` where they hand it to nobody that is known.
    """
    kinds = frozenset(change.kind for change in changes)
    if incident.is_over:
        return _over(incident, around) if ChangeKind.RESOLVED in kinds else Moved(incident)
    policy = _chosen(incident, kinds, around)
    if policy is None:
        if isinstance(fact, Escalated | Reassigned):
            raise StateConflict("no escalation policy is for this incident")
        return _wait_for_policy(incident, around.now_ms)
    turn = _Turn(incident, kinds, fact, policy, around)
    if turn.is_rung and incident.quiet_since_ms is not None:
        return Moved(incident, timers=(_timer(incident, around.now_ms + QUIET_WAIT_MS),))
    led = _begun(turn) or _led_on(turn, incident.escalation)
    return Moved(incident) if led is None else _moved(turn, *led)


def _chosen(incident: Incident, kinds: Collection[ChangeKind], around: Around) -> Policy | None:
    """Return the policy: what became worse may be for another route's now."""
    if ChangeKind.WORSENED in kinds:
        policy, _ = policy_for(incident.model_copy(update={"escalation": None}), around)
        if policy is not None:
            return policy
    return policy_for(incident, around)[0]


def _wait_for_policy(incident: Incident, now_ms: int) -> Moved:
    """Look again soon where a policy that has begun is away: settings may bring it back."""
    begun = incident.escalation
    if begun is None or incident.status is Status.ACKNOWLEDGED:
        return Moved(incident)
    awake = incident.model_copy(
        update={"escalation": begun.model_copy(update={"is_resting": False})}
    )
    return Moved(awake, timers=(_timer(incident, now_ms + AWAY_WAIT_MS),))


def _moved(turn: _Turn, led: Escalation, calls: tuple[Call, ...]) -> Moved:
    """Take what is due; what was to come for those who have it now does not hold any more."""
    around, before = turn.around, turn.incident.escalation
    after, due_calls = led, tuple[Call, ...]()
    if turn.held_until_ms is None:
        after, due_calls = take(
            turn.policy, led, around.staff, has_it=turn.has_it, now_ms=around.now_ms
        )
    incident = turn.incident.model_copy(
        update={
            "escalation": after,
            "level": max(turn.incident.level, 1 + (after.last_step or 0)),
            "acknowledged_until_ms": _until_ms(turn),
        }
    )
    is_new = before is not None and before.round != after.round and not turn.is_rung
    withdrawn = no_longer(around.later, turn.has_it, all_of_them=after.is_resting or is_new)
    spoken = _speak(incident, (*calls, *due_calls), turn=turn, withdrawn=withdrawn)
    spoken = replace(spoken, calls=(*calls, *due_calls))
    coming = due(turn.policy, after)
    if coming is None:
        return replace(spoken, cancelled=(_key(incident),))
    due_ms = max(coming.at_ms, turn.held_until_ms or 0)
    return replace(spoken, timers=(_timer(incident, due_ms),))


def _begun(turn: _Turn) -> _Led | None:
    """Return the beginning of a policy, where it begins now: first, or anew at a worse severity."""
    before = turn.incident.escalation
    is_new = before is None and bool(WIDENS & turn.kinds)
    is_other = before is not None and (
        ChangeKind.WORSENED in turn.kinds or (before.policy != turn.policy.name and turn.is_rung)
    )
    if not (is_new or is_other):
        return None
    now_ms = turn.around.now_ms
    begun = begin(turn.policy, turn.incident.severity, now_ms=now_ms, after=before)
    return begun.model_copy(update={"is_resting": turn.has_somebody}), ()


def _led_on(turn: _Turn, before: Escalation | None) -> _Led | None:
    """Return how far a policy has gone that has begun; None where the turn is none of its own."""
    policy, now_ms = turn.policy, turn.around.now_ms
    if turn.is_handed_on and before is None:
        before = begin(policy, turn.incident.severity, now_ms=now_ms, after=None)
    if before is None:
        return None
    led: _Led | None = (before, ()) if turn.is_rung else None
    if isinstance(turn.fact, Reassigned):
        led = _handed(turn, before, turn.fact.to)
    elif isinstance(turn.fact, Escalated):
        led = hurry(policy, before, now_ms=now_ms), ()
    elif ChangeKind.RELEASED in turn.kinds and _has_heirs(turn, before):
        led = _handed(turn, before, before.handed_to)
    elif _is_given_back(turn, before):
        led = resume(policy, before, now_ms=now_ms), ()
    elif ChangeKind.ACKNOWLEDGED in turn.kinds:
        resting = rests(policy, before, has_it=turn.has_it, by_anybody=turn.has_somebody)
        led = before.model_copy(update={"is_resting": resting}), ()
    return led


def _is_given_back(turn: _Turn, before: Escalation) -> bool:
    """Say whether nobody has it any more, or those who still have it are not enough."""
    if not isinstance(turn.fact, Released):
        return ChangeKind.RELEASED in turn.kinds
    has_it = turn.has_it
    is_enough = rests(turn.policy, before, has_it=has_it, by_anybody=turn.has_somebody)
    return ChangeKind.RELEASED in turn.kinds or (before.is_resting and not is_enough)


def _has_heirs(turn: _Turn, before: Escalation) -> bool:
    """Say whether those to whom it was handed are to be called again.

    Not where the policy has gone on since, where nobody is called now, or where they are gone.
    """
    is_theirs = bool(before.handed_to) and before.last_step is None
    return is_theirs and turn.held_until_ms is None and _is_known(turn, _target(before.handed_to))


def _is_known(turn: _Turn, target: Target) -> bool:
    staff = turn.around.staff
    shelves: Mapping[Aim, Collection[str]] = {
        Aim.PERSON: staff.people,
        Aim.TEAM: staff.teams,
        Aim.SCHEDULE: staff.schedules,
        Aim.CHANNEL: turn.around.oncall.channels,
    }
    return target.name in shelves[target.aim]


def _handed(turn: _Turn, before: Escalation, to: str) -> _Led:
    target, staff = _target(to), turn.around.staff
    if not _is_known(turn, target):
        raise ObjectMissing(f"no {target.aim} {target.name!r}")
    now_ms = turn.around.now_ms
    after, call = hand(turn.policy, before, target, staff=staff, now_ms=now_ms)
    return after, (call,)


def _target(to: str) -> Target:
    try:
        return read_target(to)
    except ValueError:
        raise ObjectMissing(f"{to[:80]!r} is no target; write person:NAME or team:NAME") from None


def policy_for(incident: Incident, around: Around) -> tuple[Policy | None, str]:
    """Return the policy an incident goes by, or none, and why.

    It keeps the one that it began with, as long as there is one of the name.
    """
    known = around.oncall.by_name
    if incident.escalation is not None and incident.escalation.policy in known:
        return known[incident.escalation.policy], "it has gone by it since it began"
    for number, route in enumerate(sorted(around.routes, key=lambda one: one.order), start=1):
        if route.policy and route.fits(incident):
            found = known.get(route.policy)
            why = f"route {number} names " + ("it" if found else f"{route.policy!r}, which is none")
            return found, why
    if around.oncall.policy in known:
        return known[around.oncall.policy], "it is for whatever no route names another for"
    return None, "no route that fits names one, and there is none for the rest"


def _over(incident: Incident, around: Around) -> Moved:
    if incident.escalation is None:
        return Moved(incident)
    after = incident.escalation.model_copy(update={"is_resting": True})
    return Moved(
        incident.model_copy(update={"escalation": after}),
        cancelled=(_key(incident),),
        withdrawn=no_longer(around.later, frozenset(), all_of_them=True),
    )


def _speak(
    incident: Incident, calls: Iterable[Call], *, turn: _Turn, withdrawn: tuple[str, ...]
) -> Moved:
    """Put calls into messages.

    A channel's first page about an incident is the one its routes would send, under the same key;
    only the next ones are told from it. What is put off to the same end of quiet hours reaches
    somebody there once.
    """
    assert incident.escalation is not None
    coming = said_next(turn.policy, incident.escalation)
    around = turn.around
    held = {one.key for one in around.later if one.key not in withdrawn}
    coming_at = {(one.person, one.channel, one.due_ms) for one in around.later if one.key in held}
    effects: dict[str, Effect] = {}
    changes: list[Change] = []
    pages: list[Paged] = []
    for call in calls:
        change = say_call(incident, call, around.now_ms)
        changes.append(change)
        for (channel, after_ms), pages_of_it in by_message(call.pages).items():
            due_ms = around.now_ms + after_ms
            mine = [one for one in pages_of_it if (one.person, channel, due_ms) not in coming_at]
            if not mine:
                continue
            coming_at |= {(one.person, channel, due_ms) for one in mine if after_ms}
            key = message_key(incident.id, ChangeKind.OPENED, channel=channel)
            kind = ChangeKind.OPENED
            if channel in around.told or key in held or key in effects:
                kind = ChangeKind.ESCALATED
                number = f"{call.number}.{after_ms}"
                key = message_key(incident.id, kind, channel=channel, number=number)
            effects[key] = wish(
                incident,
                change.model_copy(update={"kind": kind}),
                channel,
                key=key,
                due_ms=due_ms,
                base_url=around.base_url,
                lines=[*map(why_line, mine), coming],
            )
            pages += [note_page(one, effects[key]) for one in mine]
    return Moved(
        incident,
        changes=tuple(changes),
        effects=tuple(effects.values()),
        pages=tuple(pages),
        withdrawn=withdrawn,
    )


def _until_ms(turn: _Turn) -> int | None:
    """Return till when somebody has it: as they said, else as the policy says."""
    until_ms, least = turn.incident.acknowledged_until_ms, turn.policy.ack_min
    if ChangeKind.ACKNOWLEDGED in turn.kinds and until_ms is None and least is not None:
        return turn.around.now_ms + least * MINUTE_MS
    return until_ms


def _key(incident: Incident) -> str:
    return f"{incident.id}:{ESCALATE_TIMER}"


def _timer(incident: Incident, due_ms: int) -> Timer:
    return Timer(
        key=_key(incident),
        tenant=incident.tenant,
        name=ESCALATE_TIMER,
        about=incident.id,
        due_ms=due_ms,
    )
