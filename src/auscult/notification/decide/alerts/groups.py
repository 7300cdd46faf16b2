"""A group of alerts: when its receivers are told, of what, and why or why not.

A group waits for its fellows (`wait_ms`), tells, and looks again each `interval_ms`. What was told
is kept for each channel, so that nothing is told twice and what resolves is told where it was told
that it fired. Source of the semantics: `dispatch/dispatch.go` and the stages of `notify/notify.go`
of Alertmanager 0.25.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from auscult.kernel.alerts import Alert, Group, Told, rank
from auscult.kernel.words import Labels
from auscult.notification.decide.alerts.tree import Node


class Why(StrEnum):
    """Why a channel was told of a group, or was not."""

    FIRST = "first notification"
    NEW = "new alerts in the group"
    SOME_RESOLVED = "some alerts resolved"
    ALL_RESOLVED = "all alerts resolved"
    REPEAT = "the repeat interval is over"
    UNCHANGED = "nothing new since it was told, and the repeat interval is not over"
    NEVER_TOLD = "all resolved before anybody was told"
    REFUSED = "its receiver refused this, and nothing is new since"
    RESOLVED_UNWANTED = "resolved, and the channel does not want to be told of that"
    MUTE_TIME = "the route is mute at this time"
    INACTIVE_TIME = "the route is not active at this time"
    SILENCED = "silenced"
    INHIBITED = "inhibited"


TELLS = frozenset({Why.FIRST, Why.NEW, Why.SOME_RESOLVED, Why.ALL_RESOLVED, Why.REPEAT})


@dataclass(frozen=True, slots=True)
class Wanted:
    """A channel of a receiver, and whether it wants to know what resolved."""

    channel: str
    send_resolved: bool = True


@dataclass(frozen=True, slots=True)
class Notice:
    """What one channel is told of a group now: `firing` and `resolved` in the order to show.

    `since_ms` is when the episode began that this is about, as the channel knows it.
    """

    channel: str
    why: Why
    firing: tuple[Alert, ...]
    resolved: tuple[Alert, ...]
    since_ms: int = 0

    @property
    def status(self) -> str:
        """`firing` while anything fires, else `resolved`."""
        return "firing" if self.firing else "resolved"


@dataclass(frozen=True, slots=True)
class Reason:
    """A line of the record: why a channel (or, where it is empty, anybody) was told or not.

    `alerts` are the fingerprints it is about, `by` the silence or the alert that muted them.
    """

    why: Why
    channel: str = ""
    alerts: tuple[str, ...] = ()
    by: str = ""


@dataclass(frozen=True, slots=True)
class Muting:
    """Who may keep an alert from being told: silences and inhibition, asked by its labels.

    Each returns what mutes (a silence's id, an alert's fingerprint), or None. `is_now` says whether
    a time interval of a name holds, `named` how a person knows what mutes, `labels_of` which labels
    an alert has that inhibits.
    """

    silenced_by: Callable[[Labels], str | None] = lambda _labels: None
    inhibited_by: Callable[[Labels], str | None] = lambda _labels: None
    is_now: Callable[[str], bool] = lambda _name: False
    named: Callable[[str], str] = lambda by: by
    labels_of: Callable[[str], Labels] = lambda _by: ()


@dataclass(frozen=True, slots=True)
class Flush:
    """What comes of looking at a group: notices, and alerts that may leave it.

    `is_news` says that it is to be written down (`decided.noted`).
    """

    group: Group
    notices: tuple[Notice, ...] = ()
    gone: tuple[str, ...] = ()
    reasons: tuple[Reason, ...] = ()
    is_news: bool = False


def join(group: Group | None, alert: Alert, node: Node, *, now_ms: int) -> Group:
    """Return the group that an alert comes into by a route: begun where there was none.

    A group that has told nobody yet tells at once where the alert's own wait is over.
    """
    if group is None:
        labels = node.group_labels(alert.labels)
        group = Group(
            id=node.group_id(labels),
            key=node.group_key(labels),
            receiver=node.receiver,
            labels=labels,
            begun_ms=now_ms,
            next_ms=now_ms + node.wait_ms,
        )
    elif group.next_ms < 0:
        group = replace(group, next_ms=now_ms + node.wait_ms)
    if not group.has_flushed and alert.starts_ms + node.wait_ms < now_ms < group.next_ms:
        return replace(group, next_ms=now_ms)
    return group


def asleep(group: Group, now_ms: int) -> Group:
    """Return a group that nobody is in any more; it still knows what it told and was taken."""
    told = {channel: one for channel, one in group.told.items() if not one.is_refused}
    return replace(group, next_ms=-now_ms, has_flushed=False, told=told, decided="")


def flush(  # noqa: PLR0913  # a group, its alerts and its rules
    group: Group,
    alerts: Iterable[Alert],
    node: Node,
    *,
    channels: Sequence[Wanted],
    muting: Muting,
    now_ms: int,
) -> Flush:
    """Decide what is told of a group whose time has come."""
    # From the time it was due, not from now: what is late once is not late for ever.
    next_ms = group.next_ms + node.interval_ms
    next_ms = next_ms if next_ms > now_ms else now_ms + node.interval_ms
    inside = list(alerts)
    if len(inside) > 1:
        inside.sort(key=rank)
    gone = tuple(one.fingerprint for one in inside if one.is_resolved(now_ms))
    left, reasons = unmuted(inside, node, muting)
    firing = tuple(one for one in left if not one.is_resolved(now_ms))
    resolved = tuple(one for one in left if one.is_resolved(now_ms))
    notices, told = [], dict(group.told)
    for wanted in channels if left else ():
        since_ms = now_ms - node.repeat_ms
        before = told.get(wanted.channel)
        is_in_vain = before is not None and _is_in_vain(before, firing, since_ms)
        why = _why(before, wanted, (firing, resolved), since_ms=since_ms)
        why = Why.REFUSED if is_in_vain else why
        reasons.append(Reason(why, wanted.channel, _names(left)))
        if before is not None and before.is_refused and not firing and why not in TELLS:
            del told[wanted.channel]  # what it refused is over: it has not heard of the next time
        if why not in TELLS and why is not Why.RESOLVED_UNWANTED:
            continue
        begun_ms = now_ms if before is None or why is Why.FIRST else before.since_ms
        told[wanted.channel] = Told(
            frozenset(_names(firing)), frozenset(_names(resolved)), now_ms, begun_ms
        )
        if why in TELLS:
            shown = resolved if wanted.send_resolved else ()
            notices.append(Notice(wanted.channel, why, firing, shown, begun_ms))
    count = group.count + bool(notices)
    looked_at = replace(group, next_ms=next_ms, has_flushed=True, told=told, count=count)
    return Flush(looked_at, tuple(notices), gone, tuple(reasons))


def unmuted(
    alerts: Iterable[Alert], node: Node, muting: Muting
) -> tuple[list[Alert], list[Reason]]:
    """Return the alerts that may be told, and why the others may not."""
    left, reasons = [], []
    for alert in alerts:
        if (by := muting.inhibited_by(alert.labels)) is not None:
            reasons.append(Reason(Why.INHIBITED, alerts=(alert.fingerprint,), by=by))
        elif (by := muting.silenced_by(alert.labels)) is not None:
            reasons.append(Reason(Why.SILENCED, alerts=(alert.fingerprint,), by=by))
        else:
            left.append(alert)
    if left and node.active_in and not any(map(muting.is_now, node.active_in)):
        by = ", ".join(node.active_in)
        return [], [*reasons, Reason(Why.INACTIVE_TIME, alerts=_names(left), by=by)]
    if left and (mute := next(filter(muting.is_now, node.mute_in), None)):
        return [], [*reasons, Reason(Why.MUTE_TIME, alerts=_names(left), by=mute)]
    return left, reasons


def _why(
    before: Told | None,
    wanted: Wanted,
    now: tuple[tuple[Alert, ...], tuple[Alert, ...]],
    *,
    since_ms: int,
) -> Why:
    """Say why a channel is told of a group now, or is not.

    now: what fires, and what is resolved. since_ms: what was told before is told again.
    """
    firing, resolved = now
    if before is None or before.knows_nothing:
        return Why.FIRST if firing else Why.NEVER_TOLD
    if not before.firing.issuperset(_names(firing)):
        return Why.NEW if before.firing else Why.FIRST
    if not firing:
        if not before.firing:
            return Why.NEVER_TOLD
        return Why.ALL_RESOLVED if wanted.send_resolved else Why.RESOLVED_UNWANTED
    if wanted.send_resolved and not before.resolved.issuperset(_names(resolved)):
        return Why.SOME_RESOLVED
    return Why.REPEAT if before.at_ms < since_ms else Why.UNCHANGED


def _is_in_vain(before: Told, firing: tuple[Alert, ...], since_ms: int) -> bool:
    """Say whether a channel would be told again just what its receiver refused."""
    is_same = bool(firing) and before.firing == set(_names(firing))
    return before.is_refused and is_same and before.at_ms >= since_ms


def _names(alerts: Iterable[Alert]) -> tuple[str, ...]:
    return tuple(alert.fingerprint for alert in alerts)
