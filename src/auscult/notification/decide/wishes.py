"""Which messages a step of an incident's life calls for, as effects with deterministic keys."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from types import MappingProxyType

from auscult.kernel.effects import Effect, EffectKind
from auscult.kernel.incidents import Change, ChangeKind, Incident
from auscult.notification.decide.routes import Route
from auscult.notification.messages import render

_WIDENS = frozenset(
    {ChangeKind.OPENED, ChangeKind.JOINED, ChangeKind.WORSENED, ChangeKind.RETURNED}
)
"""Steps after which an incident may concern a channel that it did not concern before."""


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
        audience = _audience(incident, change, routes, told=told)
        for channel, kind, known_as in _with_stand_ins(audience, stand_ins):
            said = change.model_copy(update={"kind": kind})
            effect = _wish(incident, said, channel, now_ms=now_ms, base_url=base_url)
            subject = (told or {}).get(known_as, "") or effect.payload["title"]
            payload = effect.payload | {"subject": subject}
            wishes.setdefault(effect.key, effect.model_copy(update={"payload": payload}))
    return list(wishes.values())


def told_channels(effects: Iterable[Effect]) -> dict[str, str]:
    """Return the channels that an incident's effects have paged, each with its page's title."""
    return {
        effect.to: str(effect.payload.get("title", ""))
        for effect in effects
        if effect.kind is EffectKind.NOTIFY
        and effect.key == message_key(effect.incident, ChangeKind.OPENED, channel=effect.to)
    }


def message_key(incident: str, kind: ChangeKind, *, channel: str, number: str = "1") -> str:
    """Return the idempotency key of one message to one channel."""
    return f"{incident}:{kind}:{number}:{channel}"


def _audience(
    incident: Incident,
    change: Change,
    routes: Sequence[Route],
    *,
    told: Collection[str] | None,
) -> list[tuple[str, ChangeKind]]:
    """Return (channel, what it is told), each channel once."""
    chosen = _chosen(incident, routes, told)
    audience: list[tuple[str, ChangeKind]] = []
    for channel, route in chosen.items():
        known = channel in told if told is not None else change.kind is not ChangeKind.OPENED
        if not known and change.kind in _WIDENS:
            if ChangeKind.OPENED in route.on and route.fits(incident):
                audience.append((channel, ChangeKind.OPENED))
        elif known and change.kind is not ChangeKind.OPENED and change.kind in route.on:
            audience.append((channel, change.kind))
    return audience


def _with_stand_ins(
    audience: Iterable[tuple[str, ChangeKind]], stand_ins: Mapping[str, tuple[str, ...]]
) -> list[tuple[str, ChangeKind, str]]:
    """Return (channel, what it is told, the channel whose page it knows), stand-ins included.

    Pages have their own way to a stand-in.
    """
    found = [(channel, kind, channel) for channel, kind in audience]
    for channel, kind in audience:
        others = stand_ins.get(channel, ()) if kind not in _WIDENS else ()
        found += [(other, kind, channel) for other in others]
    return found


def _chosen(
    incident: Incident, routes: Sequence[Route], told: Collection[str] | None
) -> dict[str, Route]:
    """Return the route that speaks for each channel: the first that fits, else the first.

    The second half is for channels that were told when another severity or signal made a route
    fit: whoever was woken hears how it ended.
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
    order = {channel: n for n, route in enumerate(ordered) for channel in reversed(route.to)}
    return dict(sorted(chosen.items(), key=lambda item: order[item[0]]))


def _wish(
    incident: Incident, change: Change, channel: str, *, now_ms: int, base_url: str
) -> Effect:
    return Effect(
        key=message_key(
            incident.id, change.kind, channel=channel, number=_number(incident, change)
        ),
        tenant=incident.tenant,
        kind=EffectKind.NOTIFY,
        plug=channel,
        to=channel,
        verb="send",
        incident=incident.id,
        payload=render(incident, change, base_url=base_url).model_dump(mode="json"),
        due_ms=now_ms,
    )


def _number(incident: Incident, change: Change) -> str:
    """Return what tells repeated steps apart: how bad it became, or when it came back."""
    if change.kind is ChangeKind.WORSENED:
        return str(incident.severity)
    return str(change.at_ms) if change.kind is ChangeKind.RETURNED else "1"
