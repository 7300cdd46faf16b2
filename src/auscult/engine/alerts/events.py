"""Events of a pager: an alert is found again by its key alone, and a person's word reaches it."""

from dataclasses import replace
from typing import TYPE_CHECKING

from auscult.engine.alerts.taking import Paths, take_in, wake
from auscult.engine.events.settled import Settled
from auscult.kernel.alerts import SEEN_BY
from auscult.kernel.facts import Rang
from auscult.notification.decide.alerts import INCIDENTS
from auscult.signals.alerts import Action, Event

if TYPE_CHECKING:
    from collections.abc import Iterable

    from auscult.kernel.alerts import Alert
    from auscult.store import TenantRows


def take_event(rows: "TenantRows", event: Event, paths: Paths, *, now_ms: int) -> Settled:
    """Make what an event triggers, or the end of what it resolves, durable.

    What is open under its key stays the alert it was, whatever the new words for it are: who was
    told of it, and who silenced it, knows it by those labels.
    """
    known = list(rows.alerts.lying(event.place, now_ms))
    if event.event_action is Action.RESOLVE:
        over = [replace(one, ends_ms=now_ms, updated_ms=now_ms, is_timed=False) for one in known]
        return take_in(rows, over, paths, now_ms=now_ms)
    alert = event.as_alert(now_ms)
    if known:
        alert = replace(alert, fingerprint=known[0].fingerprint, labels=known[0].labels)
    settled = take_in(rows, [alert], paths, now_ms=now_ms)
    rows.alerts.lie([(event.place, alert.fingerprint)])
    return settled


def hurry_groups(
    rows: "TenantRows", event: Event, paths: Paths, *, now_ms: int
) -> tuple[Rang, ...]:
    """Have the groups of an event's alerts looked at now that become incidents and did not yet.

    Who acknowledges has seen it: there is nothing to wait for, and what they take must be there.
    """
    wanted = paths.alerting.wanted
    known = rows.groups.get(_groups(rows.alerts.lying(event.place, now_ms), paths))
    hurried = [
        replace(one, next_ms=now_ms)
        for one in known.values()
        if not one.has_flushed
        and any(to.channel == INCIDENTS for to in wanted.get(one.receiver, ()))
    ]
    rows.groups.put(hurried)
    timers = [wake(rows, one) for one in hurried]
    for timer in timers:
        rows.timers.set(timer)
    return tuple(Rang(timer=one) for one in timers)


def incidents_of(rows: "TenantRows", event: Event, paths: Paths, *, now_ms: int) -> tuple[str, ...]:
    """Return the incidents that an event's alerts are part of."""
    groups = _groups(rows.alerts.lying(event.place, now_ms), paths)
    held = [rows.incidents.holding(f"{SEEN_BY}:{group}") for group in sorted(groups)]
    return tuple(dict.fromkeys(one.id for one in held if one is not None))


def _groups(alerts: "Iterable[Alert]", paths: Paths) -> set[str]:
    return {group for alert in alerts for _, group in paths.of(alert).ways}
