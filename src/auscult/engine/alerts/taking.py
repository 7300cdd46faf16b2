"""Alerts taken in: merged with what was known, and put into the groups they belong to."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from auscult.kernel.alerts import Alert, Group
from auscult.notification.decide.alerts import Path, Paths, join

if TYPE_CHECKING:
    from auscult.store import TenantRows

Led = tuple[Alert, Path]
"""An alert, and where it goes."""


def take_in(
    rows: "TenantRows", alerts: Iterable[Alert], paths: Paths, *, now_ms: int
) -> list[Group]:
    """Make alerts durable; return the groups that they begin, wake or hurry.

    What is sent again costs one row read and one written: it is in its groups already, as `inside`
    says, unless it has left one, or the rules are other ones.
    """
    given: dict[str, Alert] = {}
    for alert in alerts:
        twin = given.get(alert.fingerprint)
        given[alert.fingerprint] = twin.span.merge(alert, now_ms=now_ms) if twin else alert
    known = rows.alerts.known(given)
    kept: list[tuple[Alert, int]] = []
    entering: list[Led] = []
    staying: list[Led] = []
    for name, alert in given.items():
        before, path = known.get(name), paths.of(alert)
        merged = before.span.merge(alert, now_ms=now_ms) if before else alert
        kept.append((merged, path.sum))
        is_in = before is not None and before.inside == path.sum
        (staying if is_in else entering).append((merged, path))
    rows.alerts.put(kept)
    return [
        *lead(rows, entering, paths, now_ms=now_ms),
        *_hurry(rows, staying, paths, now_ms=now_ms),
    ]


def lead(rows: "TenantRows", given: Iterable[Led], paths: Paths, *, now_ms: int) -> list[Group]:
    """Put alerts into the groups they go to; return those groups that this changes."""
    led = list(given)
    if not led:
        return []
    lying = [(place, alert.fingerprint) for alert, path in led for place in path.places]
    rows.alerts.lie(lying)
    rows.groups.enter((name, alert.fingerprint) for alert, path in led for name, _ in path.ways)
    return _join(rows, led, paths, now_ms=now_ms)


def _hurry(rows: "TenantRows", led: Iterable[Led], paths: Paths, *, now_ms: int) -> list[Group]:
    """Look at groups that have told nobody yet: an alert whose own wait is over does not wait."""
    waited = [
        (alert, path)
        for alert, path in led
        for name, node in path.ways
        if alert.starts_ms + node.wait_ms < now_ms and name not in paths.flushed
    ]
    return _join(rows, waited, paths, now_ms=now_ms) if waited else []


def _join(rows: "TenantRows", led: Iterable[Led], paths: Paths, *, now_ms: int) -> list[Group]:
    led = list(led)
    before_of = rows.groups.get({name for _, path in led for name, _ in path.ways})
    groups = dict(before_of)
    for alert, path in led:
        for name, node in path.ways:
            groups[name] = join(groups.get(name), alert, node, now_ms=now_ms)
    paths.note(*before_of.values())
    changed = [one for name, one in groups.items() if before_of.get(name) is not one]
    rows.groups.put(changed)
    return changed
