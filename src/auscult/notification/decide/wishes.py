"""Which messages a step of an incident's life calls for, as effects with deterministic keys."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from auscult.kernel.effects import Effect, EffectKind
from auscult.kernel.incidents import Change, ChangeKind, Incident
from auscult.notification.decide.routes import Route
from auscult.notification.messages import add_lines, render

WIDENS = frozenset(
    {
        ChangeKind.OPENED,
        ChangeKind.JOINED,
        ChangeKind.WORSENED,
        ChangeKind.RETURNED,
        ChangeKind.UNMUTED,
    }
)
"""Steps after which an incident may concern a channel that it did not concern before."""

LOUD = frozenset({ChangeKind.OPENED, ChangeKind.WORSENED, ChangeKind.RETURNED, ChangeKind.RELEASED})
"""What a channel need not be told beside being called."""

_AGAIN = frozenset({ChangeKind.RETURNED, ChangeKind.ACKNOWLEDGED, ChangeKind.RELEASED})
"""Steps that an incident can go through many times."""

PAGES = frozenset({ChangeKind.OPENED, ChangeKind.ESCALATED})
"""What a message is that calls somebody: the first a channel hears, or another call of it."""


@dataclass(frozen=True, slots=True)
class Hearing:
    """What a channel hears of a step by the route that speaks for it, or why it hears nothing.

    With `is_digested` it hears of it with other things, when its digest is due.
    """

    channel: str
    route: Route
    kind: ChangeKind | None = None
    why_not: str = ""
    is_digested: bool = False


def wish_messages(  # noqa: PLR0913  # an incident's step, the rules, and what is known of before
    incident: Incident,
    changes: Sequence[Change],
    routes: Sequence[Route],
    *,
    now_ms: int,
    base_url: str = "",
    told: Mapping[str, str] | None = None,
    stand_ins: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
) -> list[Effect]:
    """Return the messages that these changes call for, in the order of the routes.

    A channel is paged once per incident: when the incident opens, or later, when it first comes to
    match (another signal joined, it became critical). The key of that page is always
    `<incident>:opened:1:<channel>`, so wishing it again is wishing nothing. Everything else
    goes only to channels in `told` (see `told_channels`), under the subject they know it by; None
    stands for "every channel whose route matches now". A channel that was told hears of the end
    even where its route no longer matches. What follows a page that another channel sent in its
    place (`stand_ins`) goes to both.
    """
    wishes: dict[str, Effect] = {}
    for change in changes:
        heard = hearings(incident, change, routes, told=told)
        audience = [(one.channel, one.kind) for one in heard if one.kind is not None]
        for channel, kind, known_as in _with_stand_ins(audience, stand_ins):
            said = change.model_copy(update={"kind": kind})
            number = _number(incident, said)
            key = message_key(incident.id, kind, channel=channel, number=number)
            effect = wish(incident, said, channel, key=key, due_ms=now_ms, base_url=base_url)
            subject = (told or {}).get(known_as, "") or effect.payload["title"]
            payload = effect.payload | {"subject": subject}
            wishes.setdefault(effect.key, effect.model_copy(update={"payload": payload}))
    return list(wishes.values())


def told_channels(effects: Iterable[Effect], *, now_ms: int) -> dict[str, str]:
    """Return the channels that an incident's effects have paged, each with its first page's title.

    A page that is still to come has told nobody.
    """
    told: dict[str, str] = {}
    for effect in effects:
        is_page = effect.kind is EffectKind.NOTIFY and effect.payload.get("kind") in PAGES
        if is_page and effect.due_ms <= now_ms:
            told.setdefault(effect.to, str(effect.payload.get("title", "")))
    return told


def message_key(incident: str, kind: ChangeKind, *, channel: str, number: str = "1") -> str:
    """Return the idempotency key of one message to one channel."""
    return f"{incident}:{kind}:{number}:{channel}"


def is_hushed(incident: Incident, kind: ChangeKind) -> bool:
    """Say whether no channel is told of a step because the incident is muted."""
    return incident.mute is not None and (kind in LOUD or kind is ChangeKind.JOINED)


def is_said_by_call(channel: str, kind: ChangeKind, called: Collection[str]) -> bool:
    """Say whether a channel hears of a step by being called about it, and so not beside that."""
    return channel in called and kind in LOUD


def hearings(
    incident: Incident,
    change: Change,
    routes: Sequence[Route],
    *,
    told: Collection[str] | None,
) -> list[Hearing]:
    """Return for each channel that a route speaks for what it hears of a step, each once."""
    found: list[Hearing] = []
    for channel, route in _chosen(incident, routes, told).items():
        known = channel in told if told is not None else change.kind is not ChangeKind.OPENED
        kind, why_not = _heard(incident, change, route, is_known=known)
        is_digested = kind is not None and not known and route.digest_min is not None
        if is_digested:
            kind, why_not = None, f"it stands in its digest of every {route.digest_min} min"
        found.append(Hearing(channel, route, kind, why_not, is_digested))
    return found


def _heard(
    incident: Incident, change: Change, route: Route, *, is_known: bool
) -> tuple[ChangeKind | None, str]:
    """Return what a channel hears of a step, or nothing and why; `is_known` where it was told.

    At the end of a mute it hears the one thing that weighs most of what it missed.
    """
    kind = change.kind
    if not is_known:
        why_not = route.misfit(incident) if kind in WIDENS else "it was never told of this"
        if not why_not and ChangeKind.OPENED not in route.on:
            why_not = "its `on` does not list opened"
        return (None, why_not) if why_not else (ChangeKind.OPENED, "")
    if kind is ChangeKind.OPENED:
        return None, "it was told already"
    heard = next((one for one in (kind, *change.missed) if one in route.on), None)
    if heard is not None:
        return heard, ""
    return None, f"it was told already, and its `on` does not list {kind}"


def _with_stand_ins(
    audience: Iterable[tuple[str, ChangeKind]], stand_ins: Mapping[str, tuple[str, ...]]
) -> list[tuple[str, ChangeKind, str]]:
    """Return (channel, what it is told, the channel whose page it knows), stand-ins included.

    Pages have their own way to a stand-in.
    """
    found = [(channel, kind, channel) for channel, kind in audience]
    for channel, kind in audience:
        others = stand_ins.get(channel, ()) if kind not in WIDENS else ()
        found += [(other, kind, channel) for other in others]
    return found


def _chosen(
    incident: Incident, routes: Sequence[Route], told: Collection[str] | None
) -> dict[str, Route]:
    """Return the route that speaks for each channel: the first that fits, else the first.

    The second half is for channels that were told when another severity or signal made a route
    fit, or by a policy: whoever was woken hears how it ended.
    """
    ordered = sorted(routes, key=lambda route: route.order)
    chosen = {
        channel: route
        for route in reversed(ordered)
        if route.fits(incident)
        for channel in route.to
    }
    for route in ordered:
        for channel in route.to:
            if told is not None and channel in told:
                chosen.setdefault(channel, route)
    for channel in told or ():
        chosen.setdefault(channel, Route(to=(channel,)))
    order = {channel: n for n, route in enumerate(ordered) for channel in reversed(route.to)}
    return dict(sorted(chosen.items(), key=lambda item: order.get(item[0], len(ordered))))


def wish(  # noqa: PLR0913  # what is said of what, to whom, and when
    incident: Incident,
    change: Change,
    channel: str,
    *,
    key: str,
    due_ms: int,
    base_url: str = "",
    lines: Sequence[str] = (),
) -> Effect:
    """Return the effect of one message, with more lines where it has more to say."""
    message = add_lines(render(incident, change, base_url=base_url), lines)
    return message.as_effect(channel, key=key, due_ms=due_ms)


def _number(incident: Incident, change: Change) -> str:
    """Return what tells repeated steps apart: how bad it became, or when it happened."""
    if change.kind is ChangeKind.WORSENED:
        return str(incident.severity)
    return str(change.at_ms) if change.kind in _AGAIN else "1"
