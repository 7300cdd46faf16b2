"""Events of a pager: an alert is found again by its key alone, and a person's word reaches it."""

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from auscult.engine.alerts.taking import take_in
from auscult.kernel.alerts import SEEN_BY, Alert, Group
from auscult.notification.decide.alerts import INCIDENTS, Alerting, Paths
from auscult.signals.alerts import Action, Event

if TYPE_CHECKING:
    from auscult.store import TenantRows


def take_event(rows: "TenantRows", event: Event, paths: Paths, *, now_ms: int) -> list[Group]:
    """Make what an event triggers, or the end of what it resolves, durable.

    Returns the groups that this begins, wakes or hurries. What is open under its key stays the
    alert it was, whatever the new words for it are: who was told of it, and who silenced it, knows
    it by those labels.
    """
    known = list(rows.alerts.lying(event.place, now_ms))
    if event.event_action is Action.RESOLVE:
        over = [replace(one, ends_ms=now_ms, updated_ms=now_ms, is_timed=False) for one in known]
        return take_in(rows, over, paths, now_ms=now_ms)
    alert = event.as_alert(now_ms)
    if known:
        alert = replace(alert, fingerprint=known[0].fingerprint, labels=known[0].labels)
    groups = take_in(rows, [alert], paths, now_ms=now_ms)
    rows.alerts.lie([(event.place, alert.fingerprint)])
    return groups


def hurried(rows: "TenantRows", event: Event, alerting: Alerting, *, now_ms: int) -> frozenset[str]:
    """Have the groups of an event's alerts be due now that become incidents and did not yet.

    Who acknowledges has seen it: there is nothing to wait for, and what they take must be there.
    """
    known = rows.groups.get(_groups(rows.alerts.lying(event.place, now_ms), alerting.paths))
    due = [
        replace(one, next_ms=now_ms)
        for one in known.values()
        if not one.has_flushed
        and any(to.channel == INCIDENTS for to in alerting.wanted.get(one.receiver, ()))
    ]
    rows.groups.put(due)
    return frozenset(one.id for one in due)


def incidents_of(
    rows: "TenantRows", event: Event, alerting: Alerting, *, now_ms: int
) -> tuple[str, ...]:
    """Return the incidents that an event's alerts are part of."""
    groups = _groups(rows.alerts.lying(event.place, now_ms), alerting.paths)
    held = [rows.incidents.holding(f"{SEEN_BY}:{group}") for group in sorted(groups)]
    return tuple(dict.fromkeys(one.id for one in held if one is not None))


def _groups(alerts: Iterable[Alert], paths: Paths) -> set[str]:
    return {group for alert in alerts for group, _ in paths.of(alert).ways}
