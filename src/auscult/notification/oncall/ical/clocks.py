"""The clocks of a calendar: which instant a local time in it means.

A zone's name decides where it is known (IANA's, Windows', or the end of a path such as
`/vendor/Europe/Berlin`), whatever the calendar's own VTIMEZONE says of it: that is how calendars
contradict themselves, and the name is what people chose. Only a name that nobody knows is read by
its VTIMEZONE. icalendar is never shown a VTIMEZONE: it would keep the zone for the whole process,
and one tenant's calendar would set the clocks of another's.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from auscult.kernel.errors import BodyMalformed
from auscult.notification.oncall.ical.recurrence import Budget, days_of, read_rule
from auscult.notification.oncall.zones import (
    Date,
    Span,
    WallTime,
    utc_ms,
    zone_named,
)

OBSERVANCES_MAX = 20
YEAR_MAX = 9_000

Component = Any
"""A component or a value of icalendar's."""


@dataclass(frozen=True, slots=True)
class Onset:
    """A change of a clock: the wall time (before it) at which it comes, and both offsets."""

    wall: WallTime
    before: Span
    after: Span

    @property
    def is_sure_from(self) -> WallTime:
        """The first wall time that is only read with the offset after it (PEP 495, fold 0)."""
        return self.wall + max(self.after - self.before, Span())


class Clocks:
    """What the time zones of one calendar mean, over a window of days."""

    def __init__(
        self,
        components: Mapping[str, Component],
        *,
        zone: str,
        window: tuple[Date, Date],
        budget: Budget,
    ) -> None:
        """Take the calendar's VTIMEZONEs by their names, and the zone of what names none."""
        self.zone = zone
        self._components = components
        self._window = window
        self._budget = budget
        self._known: dict[str, str] = {}
        self._onsets: dict[str, list[Onset]] = {}

    def ms(self, wall: WallTime, name: str) -> int:
        """Return the instant of a wall time by the zone of a name; none is the calendar's own.

        Raises `BodyMalformed` where nobody knows the zone.
        """
        known = self._resolve(name)
        if known:
            return utc_ms(wall, known)
        onsets = self._onsets_of(name)
        offset = onsets[0].before
        for onset in onsets:
            if wall >= onset.is_sure_from:
                offset = onset.after
        return utc_ms(wall - offset, "UTC")

    def _resolve(self, name: str) -> str:
        """Return the IANA name of a zone; nothing where only its VTIMEZONE tells."""
        if not name:
            return self.zone
        if name not in self._known:
            self._known[name] = next(filter(exists, self._candidates(name)), "")
        return self._known[name]

    def _candidates(self, name: str) -> Iterator[str]:
        from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

        plain = name.strip("/ ")
        yield plain
        yield WINDOWS_TO_OLSON.get(plain, "")
        parts = plain.split("/")
        yield from ("/".join(parts[at:]) for at in range(1, len(parts)))
        component = self._components.get(name)
        yield str(component.get("X-LIC-LOCATION", "")) if component is not None else ""

    def _onsets_of(self, name: str) -> list[Onset]:
        if name in self._onsets:
            return self._onsets[name]
        component = self._components.get(name)
        if component is None:
            raise BodyMalformed(f"there is no time zone {name!r}, and no VTIMEZONE for it")
        parts = component.subcomponents[:OBSERVANCES_MAX]
        onsets = [onset for part in parts for onset in self._read(part, name)]
        if not onsets:
            raise BodyMalformed(f"the VTIMEZONE of {name!r} says no offset")
        self._onsets[name] = sorted(onsets, key=lambda one: one.wall)
        return self._onsets[name]

    def _read(self, part: Component, name: str) -> Iterator[Onset]:
        try:
            start, before, after = (
                part["DTSTART"].dt,
                part["TZOFFSETFROM"].td,
                part["TZOFFSETTO"].td,
            )
        except (KeyError, AttributeError):
            raise BodyMalformed(f"the VTIMEZONE of {name!r} cannot be read") from None
        if not isinstance(start, WallTime) or start.year > YEAR_MAX:
            raise BodyMalformed(f"the VTIMEZONE of {name!r} cannot be read")
        wall = start.replace(tzinfo=None)
        yield Onset(wall, before, after)
        rules = part.get("RRULE", [])
        since = self._window[0].replace(day=1, year=self._window[0].year - 1)
        for parts in rules if isinstance(rules, list) else [rules]:
            until = parts.get("UNTIL", [None])[0]
            window = (since, self._window[1])
            for day in days_of(read_rule(parts), wall.date(), window, budget=self._budget):
                if until is None or str(day) <= str(until)[:10]:
                    yield Onset(WallTime.combine(day, wall.time()), before, after)


def exists(name: str) -> bool:
    """Say whether there is a time zone of this IANA name."""
    try:
        return bool(name) and bool(zone_named(name))
    except ValueError:
        return False
