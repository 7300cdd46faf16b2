"""Alerts taken in: merged with what was known, and put into the groups they belong to."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from auscult.engine.events.settled import Settled
from auscult.kernel.alerts import Alert, Group
from auscult.kernel.facts import Timer
from auscult.kernel.words import Labels
from auscult.notification.decide.alerts import Alerting, Node, join, source_places

if TYPE_CHECKING:
    from auscult.store import TenantRows

GROUP_TIMER = "alerts"
PATHS_MAX = 100_000


@dataclass(frozen=True, slots=True)
class Path:
    """Where an alert goes by its labels: (route, group) pairs; and where it lies as a source."""

    ways: tuple[tuple[Node, str], ...]
    places: tuple[str, ...]


@dataclass(slots=True)
class Paths:
    """Remembers the path of each label set: senders say the same alerts again every minute."""

    alerting: Alerting
    _known: dict[str, Path] = field(default_factory=dict)

    def of(self, alert: Alert) -> Path:
        """Return an alert's path."""
        path = self._known.get(alert.fingerprint)
        if path is None:
            if len(self._known) >= PATHS_MAX:
                self._known.clear()
            path = self._known[alert.fingerprint] = self._find(alert.labels)
        return path

    def _find(self, labels: Labels) -> Path:
        nodes = self.alerting.tree.match(labels)
        ways = tuple((node, node.group_id(node.group_labels(labels))) for node in nodes)
        return Path(ways, tuple(source_places(self.alerting.inhibit_rules, labels)))


def take_in(rows: "TenantRows", alerts: Iterable[Alert], paths: Paths, *, now_ms: int) -> Settled:
    """Make alerts durable, and wake the groups that they begin or hurry."""
    given: dict[str, Alert] = {}
    for alert in alerts:
        before = given.get(alert.fingerprint)
        given[alert.fingerprint] = before.merge(alert, now_ms=now_ms) if before else alert
    known = rows.alerts.get(given)
    merged = [
        known[name].merge(alert, now_ms=now_ms) if name in known else alert
        for name, alert in given.items()
    ]
    rows.alerts.put(merged)
    ways = [(alert, paths.of(alert)) for alert in merged]
    lying = [(place, alert.fingerprint) for alert, path in ways for place in path.places]
    rows.alerts.lie(lying)
    ids = {group_id for _, path in ways for _, group_id in path.ways}
    before_of = rows.groups.get(ids)
    groups: dict[str, Group] = dict(before_of)
    for alert, path in ways:
        for node, group_id in path.ways:
            groups[group_id] = join(groups.get(group_id), alert, node, now_ms=now_ms)
    changed = [one for name, one in groups.items() if before_of.get(name) is not one]
    rows.groups.put(changed)
    rows.groups.enter(
        (group_id, alert.fingerprint) for alert, path in ways for _, group_id in path.ways
    )
    for group in changed:
        rows.timers.set(wake(rows, group))
    return Settled(rows.tenant, timers=len(changed))


def wake(rows: "TenantRows", group: Group) -> Timer:
    """Return the timer that looks at a group again."""
    return Timer(
        key=f"{GROUP_TIMER}:{group.id}",
        tenant=rows.tenant,
        name=GROUP_TIMER,
        about=group.id,
        due_ms=group.next_ms,
    )
