"""Two settings held against each other by the pages that they lead to for the same past."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from auscult.engine.events.steps import Rules
from auscult.engine.oncall.takeovers import in_force
from auscult.engine.whatif.alerts import AlertsCompared, compare_alerts
from auscult.engine.whatif.recording import read_recording
from auscult.engine.whatif.replay import Call, Outcome, replay
from auscult.kernel.errors import QueryUnknown
from auscult.kernel.times import DAY_MS
from auscult.notification.oncall.zones import wall_at

if TYPE_CHECKING:
    from auscult.engine.whatif.recording import Recording
    from auscult.store import TenantRows

DAYS_MAX = 90
WARM_UP_MS = DAY_MS
"""So long before the days in question the replay begins: how often a thing has begun lately, and
how many pages somebody had in the last hour, must be known on the first of them too."""

NIGHT_FROM, NIGHT_TO = 22, 6

Counts = Mapping[str, tuple[int, int]]
"""Pages with the present settings and with the others, by what is counted."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What other settings would have changed, in pages.

    `recorded` are those that were wished for in truth, `reproduced` how many of them the replay of
    the present settings leads to as well: the fewer, the more the settings have changed meanwhile.
    `by_night` counts each person's pages by the hour on their own clock, from 22 to 6 o'clock.
    `refused` says what people asked for that the other settings would not have allowed, `alerts`
    what would be other where receivers tell groups of alerts directly.
    """

    from_ms: int
    to_ms: int
    incidents: int
    recorded: int
    reproduced: int
    before: int
    after: int
    added: tuple[Call, ...]
    removed: tuple[Call, ...]
    by_channel: Counts
    by_night: Mapping[str, Mapping[int, tuple[int, int]]]
    refused: tuple[str, ...]
    alerts: AlertsCompared


def compare(
    rows: "TenantRows", before: Rules, after: Rules, *, days: int, now_ms: int
) -> Comparison:
    """Return what `after` would have changed against `before` in the last days.

    Raises `QueryUnknown` for days that are not 1 to `DAYS_MAX`, and where they hold too much.
    """
    if not 1 <= days <= DAYS_MAX:
        raise QueryUnknown(f"{days} days; choose 1 to {DAYS_MAX}")
    from_ms = now_ms - days * DAY_MS
    recording = read_recording(rows, from_ms - WARM_UP_MS, now_ms)
    taken_over = [
        replace(rules, oncall=in_force(rows, rules.oncall, from_ms - WARM_UP_MS))
        for rules in (before, after)
    ]
    outcomes = [replay(recording, rules, until_ms=now_ms) for rules in taken_over]
    sides = [_within(recording, outcome, from_ms) for outcome in outcomes]
    zones = {one.name: one.time_zone for rules in (before, after) for one in rules.oncall.people}
    kept = {name for name, opened_ms in recording.opened_ms.items() if opened_ms >= from_ms}
    recorded = {page for page in recording.pages if page[0].partition(":")[0] in kept}
    return Comparison(
        from_ms=from_ms,
        to_ms=now_ms,
        incidents=len(kept),
        recorded=len(recorded),
        reproduced=len(recorded & {(one.key, one.person) for one in sides[0]}),
        before=len(sides[0]),
        after=len(sides[1]),
        added=_beyond(sides[1], sides[0]),
        removed=_beyond(sides[0], sides[1]),
        by_channel=_count(*([one.channel for one in side] for side in sides)),
        by_night=_by_night(sides, zones),
        refused=outcomes[1].refused,
        alerts=compare_alerts(
            rows, before.alerting, after.alerting, span=(from_ms, now_ms), warm_up_ms=WARM_UP_MS
        ),
    )


def _within(recording: "Recording", outcome: Outcome, from_ms: int) -> list[Call]:
    """Return the pages of incidents that began in the days in question."""
    return [one for one in outcome.calls if recording.opened_ms[one.incident] >= from_ms]


def _beyond(these: Iterable[Call], those: Iterable[Call]) -> tuple[Call, ...]:
    """Return the pages of one side that the other has not: of an incident, to whom, when."""
    there = Counter(map(_place, those))
    found: list[Call] = []
    for one in these:
        if there[_place(one)] > 0:
            there[_place(one)] -= 1
        else:
            found.append(one)
    return tuple(found)


def _place(call: Call) -> tuple[str, str, str, int]:
    return call.incident, call.person, call.channel, call.at_ms


def _count(before: Iterable[str], after: Iterable[str]) -> dict[str, tuple[int, int]]:
    old, new = Counter(before), Counter(after)
    return {name: (old[name], new[name]) for name in sorted(old.keys() | new.keys())}


def _by_night(
    sides: Iterable[Iterable[Call]], zones: Mapping[str, str]
) -> dict[str, dict[int, tuple[int, int]]]:
    """Return each person's pages at night, by the hour on the clocks of their own zone."""
    old, new = (
        Counter(
            (one.person, hour)
            for one in side
            if one.person in zones
            for hour in (wall_at(one.at_ms, zones[one.person]).hour,)
            if hour >= NIGHT_FROM or hour < NIGHT_TO
        )
        for side in sides
    )
    found: dict[str, dict[int, tuple[int, int]]] = {}
    for person, hour in sorted(old.keys() | new.keys()):
        found.setdefault(person, {})[hour] = (old[person, hour], new[person, hour])
    return found
