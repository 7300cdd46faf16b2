"""Why a step of an incident's life is told to whom it is told, and to nobody else.

Said by the very predicates that decide it (`Route.misfit`, `wishes.hearings`, `policy_for`,
`oncall.resolve`), so that what is recorded and what was done cannot disagree.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from enum import StrEnum
from hashlib import sha256

from auscult.kernel.incidents import Change, ChangeKind, Incident
from auscult.kernel.words import Word
from auscult.notification.decide.escalations import Around, policy_for
from auscult.notification.decide.routes import Route
from auscult.notification.decide.wishes import (
    WIDENS,
    hearings,
    is_hushed,
    is_said_by_call,
)
from auscult.notification.messages.plain import cut
from auscult.notification.oncall.escalation import Call

NAME_CHARS = 100
WHY_CHARS = 300
RECORD_CHARS_MAX = 32_000
"""What one decision may take in the audit log, as JSON; routes beyond that are only counted."""


class About(StrEnum):
    """What a reason is about."""

    MUTE = "mute"
    ROUTE = "route"
    CHANNEL = "channel"
    POLICY = "policy"
    CALL = "call"
    PERSON = "person"
    MORE = "more"


class Reason(Word):
    """One line of a decision: what was asked, whether it holds, and why or why not.

    `name` is the rule that mutes, a route, a channel, a policy, a step or a person (empty where a
    step calls a channel as a whole); `channel` by which a person is called, `at_ms` when they are,
    or until when a mute holds; `number` a step's own in the incident's life.
    """

    about: About
    name: str = ""
    holds: bool
    why: str = ""
    channel: str = ""
    number: str = ""
    at_ms: int | None = None


def explain(
    incident: Incident,
    changes: Sequence[Change],
    *,
    around: Around,
    calls: Sequence[Call] = (),
) -> tuple[Reason, ...]:
    """Return why a decision told and called whom it did: nothing where it had none to tell.

    incident: as it is after the decision, its escalation as it was before.
    calls: the steps of its policy that were taken.
    """
    widening = [one for one in changes if one.kind in WIDENS]
    mutes = incident.mute is not None and any(one.kind is ChangeKind.NOTED for one in changes)
    if not (widening or mutes or calls):
        return ()
    reasons = [*_mute(incident)]
    if widening or mutes:
        reasons += [*_routes(incident, around.routes)]
        reasons += [*_channels(incident, widening, around, called=_called(calls))]
    reasons += [*_policy(incident, around, calls)]
    return tuple(reasons)


def fingerprint(reasons: Iterable[Reason]) -> str:
    """Return what tells a decision from another: what it says, but for times and calls.

    A call is a decision of its own each time; all else is worth writing down once.
    """
    lasting = [
        (one.about.value, one.name, one.holds, one.why)
        for one in reasons
        if one.about not in {About.CALL, About.PERSON}
    ]
    return sha256(json.dumps(lasting).encode()).hexdigest()[:16]


def sum_up(reasons: Iterable[Reason]) -> str:
    """Return a decision as one sentence."""
    told = [one.name for one in reasons if one.about is About.CHANNEL and one.holds]
    called = [one.name or one.channel for one in reasons if one.about is About.PERSON and one.holds]
    muted = [one.name for one in reasons if one.about is About.MUTE and one.holds]
    parts = [f"muted by {muted[0]}"] if muted else []
    parts += [f"told {', '.join(dict.fromkeys(told))}"] if told else []
    parts += [f"called {', '.join(dict.fromkeys(called))}"] if called else []
    return cut(f"Decided: {'; '.join(parts) or 'nobody new is told'}.", WHY_CHARS)


def pack(reasons: Sequence[Reason]) -> list[dict[str, object]]:
    """Return reasons as they are written down: without what says nothing, and bounded."""
    packed: list[dict[str, object]] = []
    left = RECORD_CHARS_MAX
    for number, one in enumerate(reasons):
        told = one.model_dump(mode="json", exclude_defaults=True)
        left -= len(json.dumps(told))
        if left < 0:
            more = Reason(about=About.MORE, name=str(len(reasons) - number), holds=False)
            return [*packed, more.model_dump(mode="json", exclude_defaults=True)]
        packed.append(told)
    return packed


def _mute(incident: Incident) -> Iterator[Reason]:
    mute = incident.mute
    if mute is not None:
        yield _reason(About.MUTE, mute.by, holds=True, why=mute.why, at_ms=mute.until_ms)


def _routes(incident: Incident, routes: Sequence[Route]) -> Iterator[Reason]:
    for number, route in enumerate(sorted(routes, key=lambda one: one.order), start=1):
        to = ", ".join((*route.to, *([f"policy {route.policy}"] if route.policy else ())))
        misfit = route.misfit(incident)
        name = f"{number} ({cut(to, NAME_CHARS - 10)})"
        yield _reason(About.ROUTE, name, holds=not misfit, why=misfit)


def _channels(
    incident: Incident, widening: Sequence[Change], around: Around, *, called: Collection[str]
) -> Iterator[Reason]:
    """Say of each channel that a route speaks for whether it is told; of several steps, by any."""
    found: dict[str, Reason] = {}
    for change in widening:
        for heard in hearings(incident, change, around.routes, told=around.told):
            why_not = heard.why_not
            if heard.kind is not None and is_hushed(incident, change.kind):
                why_not = "nobody is told while it is muted"
            elif heard.kind is not None and is_said_by_call(heard.channel, heard.kind, called):
                why_not = "it is called, which says the same"
            before = found.get(heard.channel)
            if before is None or not before.holds:
                why = why_not or f"told: {heard.kind}"
                told = _reason(About.CHANNEL, heard.channel, holds=not why_not, why=why)
                found[heard.channel] = told
    yield from found.values()


def _policy(incident: Incident, around: Around, calls: Sequence[Call]) -> Iterator[Reason]:
    policy, why = policy_for(incident, around)
    yield _reason(About.POLICY, policy.name if policy else "", holds=policy is not None, why=why)
    if policy is not None and not calls:
        yield _reason(About.CALL, policy.name, holds=False, why=_why_no_call(incident))
    for call in calls:
        yield _reason(About.CALL, call.name, holds=True, number=call.number)
        for page in call.pages:
            yield _reason(
                About.PERSON,
                page.person,
                holds=True,
                why=page.why,
                channel=page.channel,
                at_ms=around.now_ms + page.after_ms,
            )
        for one in call.passed:
            yield _reason(About.PERSON, one.person, holds=False, why=one.why)


def _why_no_call(incident: Incident) -> str:
    if incident.mute is not None:
        return "nobody is called while it is muted"
    if incident.acknowledged_by:
        return f"{incident.acknowledged_by} has it"
    if incident.escalation is not None and incident.escalation.is_spent:
        return "all of its steps were taken"
    return "no step of it is due now"


def _called(calls: Sequence[Call]) -> frozenset[str]:
    return frozenset(page.channel for call in calls for page in call.pages)


def _reason(
    about: About, name: str, *, holds: bool, why: str = "", **more: str | int | None
) -> Reason:
    told = {"name": cut(name, NAME_CHARS), "why": cut(why, WHY_CHARS), **more}
    return Reason.model_validate({"about": about, "holds": holds, **told})
