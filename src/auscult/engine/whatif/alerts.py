"""Recorded alerts of others, led through two sections `alerts`: whom each would have told.

Each firing of an alert is led through the tree at the instants at which it was seen, and tells at
the first one at which no time of the route and no other recorded alert keeps it back. When groups
are looked at stays as recorded; a repeat is no page.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from auscult.engine.whatif.sightings import Name, Place, Sightings, read_sightings
from auscult.kernel.errors import QueryUnknown
from auscult.notification.decide.alerts import (
    INCIDENTS,
    Alerting,
    Muting,
    inhibited_by,
    source_places,
)
from auscult.notification.decide.alerts.decided import TO_INCIDENTS
from auscult.notification.decide.alerts.groups import unmuted

if TYPE_CHECKING:
    from auscult.kernel.alerts import Alert
    from auscult.kernel.words import Labels
    from auscult.store import TenantRows

STEPS_MAX = 5_000_000
"""Alerts that are asked whether they inhibit another, by one section."""

NAMES_MAX = 10

Pages = dict[Place, set[Name]]
"""The alerts of each message: those of which its channel hears first."""


@dataclass(frozen=True, slots=True)
class AlertPage:
    """One message: when, to which channel, the names of the alerts it hears of, and how many."""

    at_ms: int
    channel: str
    names: tuple[str, ...]
    alerts: int


@dataclass(frozen=True, slots=True)
class AlertsCompared:
    """What another section `alerts` would have changed, in messages that tell something new.

    `alerts` counts the firings of alerts on record, `recorded` the messages, `reproduced` those of
    them to which the present section leads as well. `left_out` are alerts without labels on record.
    """

    alerts: int
    recorded: int
    reproduced: int
    before: int
    after: int
    added: tuple[AlertPage, ...]
    removed: tuple[AlertPage, ...]
    by_channel: Mapping[str, tuple[int, int]]
    left_out: int = 0


def compare_alerts(
    rows: "TenantRows",
    before: Alerting,
    after: Alerting,
    *,
    span: tuple[int, int],
    warm_up_ms: int,
) -> AlertsCompared:
    """Return whom `after` would have told of recorded alerts against `before`.

    span: the days in question; what was told shortly before them is read as well, for its repeats
    tell nothing new. Raises `QueryUnknown` where they hold too much.
    """
    from_ms, to_ms = span
    found = read_sightings(rows, from_ms - warm_up_ms, to_ms)
    firings = _firings(found, before)
    told, *sides = [
        {place: alerts for place, alerts in pages.items() if place[0] >= from_ms}
        for pages in (found.told, *(_lead(found, firings, one) for one in (before, after)))
    ]
    heard = {(place[1], name) for place, alerts in sides[0].items() for name in alerts}
    shown = partial(_shown, firings=firings)
    counts = [Counter(channel for _, channel, _ in side) for side in sides]
    return AlertsCompared(
        alerts=sum(max(seen.at_ms) >= from_ms for seen in found.seen.values() if seen.at_ms),
        recorded=len(told),
        reproduced=sum(
            any((channel, name) in heard for name in alerts)
            for (_, channel, _), alerts in told.items()
        ),
        before=len(sides[0]),
        after=len(sides[1]),
        added=tuple(map(shown, _beyond(sides[1], sides[0]))),
        removed=tuple(map(shown, _beyond(sides[0], sides[1]))),
        by_channel={
            name: (counts[0][name], counts[1][name])
            for name in sorted(counts[0].keys() | counts[1].keys())
        },
        left_out=found.left_out,
    )


def _firings(found: Sightings, before: Alerting) -> "dict[Name, Alert]":
    """Return each firing of an alert that was seen, with when it was known here."""
    # What fires longer than this is told again: it would be on record once more.
    lasts_ms = max(node.repeat_ms for node in before.tree.walk())
    firings: dict[Name, Alert] = {}
    for name, seen in found.seen.items():
        if seen.at_ms:
            waited_ms = min(node.wait_ms for _, node in before.paths.of(seen.alert).ways)
            firings[name] = seen.whole(waited_ms=waited_ms, lasts_ms=lasts_ms)
    return firings


def _lead(found: Sightings, firings: "Mapping[Name, Alert]", alerting: Alerting) -> Pages:
    """Return the messages to which a section leads."""
    muting = _Mutes(alerting, (*firings.values(), *found.sources)).at
    pages: Pages = defaultdict(set)
    for name, alert in firings.items():
        for group, node in alerting.paths.of(alert).ways:
            looks = sorted(found.seen[name].at_ms)
            first = (at for at in looks if unmuted([alert], node, muting(at))[0])
            at_ms = next(first, None)
            if at_ms is None:
                continue
            for wanted in alerting.wanted[node.receiver]:
                is_known = wanted.channel != INCIDENTS
                channel = wanted.channel if is_known else TO_INCIDENTS
                pages[at_ms, channel, group].add(name)
    return pages


class _Mutes:
    """Who mutes by one section, at any instant: its times, and recorded alerts that inhibit."""

    def __init__(self, alerting: Alerting, alerts: "Iterable[Alert]") -> None:
        """Take every alert that may inhibit, with when it fires."""
        self._alerting = alerting
        self._left = STEPS_MAX
        self._lying: dict[str, list[Alert]] = {}
        for alert in alerts:
            for place in source_places(alerting.inhibit_rules, alert.labels):
                self._lying.setdefault(place, []).append(alert)

    def at(self, now_ms: int) -> Muting:
        """Return who mutes at an instant; what was silenced then is not on record at all."""

        def inhibited(labels: "Labels") -> str | None:
            lying: Callable[[str], Iterator[Alert]] = partial(self._begun, now_ms)
            return inhibited_by(self._alerting.inhibit_rules, labels, lying, now_ms=now_ms)

        def is_now(name: str) -> bool:
            return self._alerting.is_now(name, now_ms)

        return Muting(inhibited_by=inhibited, is_now=is_now)

    def _begun(self, now_ms: int, place: str) -> "Iterator[Alert]":
        for alert in self._lying.get(place, ()):
            self._left -= 1
            if self._left < 0:
                raise QueryUnknown("too many alerts may inhibit each other; ask for fewer days")
            if alert.starts_ms <= now_ms:
                yield alert


def _beyond(these: Pages, those: Pages) -> list[tuple[Place, set[Name]]]:
    """Return the messages of one side that the other has not, the oldest first.

    The same are those to one channel at one instant that share an alert: how they are grouped is
    another question.
    """
    there: dict[tuple[int, str], list[set[Name]]] = {}
    for (at_ms, channel, _), alerts in those.items():
        there.setdefault((at_ms, channel), []).append(alerts)
    left: list[tuple[Place, set[Name]]] = []
    for place, alerts in these.items():
        here = there.get(place[:2], [])
        (here.remove(alerts) if alerts in here else left.append((place, alerts)))
    found: list[tuple[Place, set[Name]]] = []
    for place, alerts in left:
        here = there.get(place[:2], [])
        near = next((one for one in here if not alerts.isdisjoint(one)), None)
        (found.append((place, alerts)) if near is None else here.remove(near))
    return sorted(found, key=lambda one: one[0])


def _shown(page: tuple[Place, set[Name]], *, firings: "Mapping[Name, Alert]") -> AlertPage:
    (at_ms, channel, _), alerts = page
    named = sorted(dict(firings[name].labels).get("alertname", name[0]) for name in alerts)
    return AlertPage(at_ms, channel, tuple(dict.fromkeys(named))[:NAMES_MAX], len(alerts))
