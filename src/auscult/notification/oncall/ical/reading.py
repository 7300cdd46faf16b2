"""A calendar of somebody else, read into events of people who are on call, in bounded work.

RFC 5545, as Google, Outlook and Nextcloud write it. A calendar is taken whole or refused: a shift
that was left out in silence would be a page that reaches nobody.
"""

import re
from collections.abc import Mapping

from auscult.kernel.errors import BodyMalformed, BodyTooLarge
from auscult.kernel.words import Word
from auscult.notification.oncall.duty import check_window
from auscult.notification.oncall.ical.clocks import Component, exists
from auscult.notification.oncall.ical.series import times_of
from auscult.notification.oncall.schedule import EVENTS_MAX, Event, Feed
from auscult.notification.oncall.zones import zone_named

TEXT_MAX_BYTES = 1 << 20
COMPONENTS_MAX = 6_000

_ZONE_PARAMETER = re.compile(
    r"""^([a-z0-9-]+(?:;(?:"[^"\n]*"|[^":\n])*?)?);TZID=""", re.MULTILINE | re.IGNORECASE
)
_COMPONENT = re.compile(r"^(BEGIN|END):(.*?)[ \t]*$", re.MULTILINE | re.IGNORECASE)
_COMPONENTS = {
    **{name: name for name in ("VCALENDAR", "VEVENT", "STANDARD", "DAYLIGHT", "VALARM")},
    "VTIMEZONE": "X-FOREIGN-ZONE",
}
"""What icalendar is shown of a calendar; it would keep foreign zones, and a class for every name
of a component, for the whole process."""
_BETWEEN_NAMES = re.compile(r"\s*[,;&/]\s*|\s+and\s+|\s+-\s+")


class Reading(Word):
    """What a calendar says of a window: events by their start, and who in it is not known."""

    events: tuple[Event, ...]
    strangers: tuple[str, ...]
    from_ms: int
    to_ms: int

    def layer(self, name: str) -> Feed:
        """Return it as a layer of a schedule."""
        return Feed(name=name, events=self.events, from_ms=self.from_ms, to_ms=self.to_ms)


def read_calendar(
    text: str, from_ms: int, to_ms: int, *, zone: str, names: Mapping[str, str] | None = None
) -> Reading:
    """Return the events of a calendar that touch [from_ms, to_ms).

    `names` says whom a SUMMARY or the address of an attendee means, in lower case; without it the
    SUMMARY is the person. Whole days and times without a zone are those of the calendar's
    X-WR-TIMEZONE, or of `zone`. An event that recurs lasts equally long on the wall clock each
    time, so that shifts which meet still meet when a clock changes.

    Raises `BodyMalformed` for what is no calendar, recurs more often than daily, or uses what no
    calendar of shifts needs; `BodyTooLarge` for more than 1 MiB, 6,000 components, 5,000 events in
    the window, or rules that are too much work; `QueryUnknown` for a window as `shifts` does.
    """
    check_window(from_ms, to_ms)
    calendar = _parse(text)
    own = str(calendar.get("X-WR-TIMEZONE", "")).strip()
    zone = own if exists(own) else zone_named(zone).key
    events: dict[tuple[int, int, str, str], Event] = {}
    strangers: set[str] = set()
    for component, start_ms, end_ms in times_of(calendar, from_ms, to_ms, zone=zone):
        people = _people(component, names)
        if not people:
            strangers.add(str(component.get("SUMMARY", "")).strip()[:200] or "(no summary)")
        for person in people:
            uid = str(component.get("UID", ""))[:500]
            event = Event(person=person, from_ms=start_ms, to_ms=end_ms, uid=uid)
            events[start_ms, end_ms, person, uid] = event
        if len(events) > EVENTS_MAX:
            raise BodyTooLarge(f"the calendar has more than {EVENTS_MAX} events in the window")
    return Reading(
        events=tuple(events[key] for key in sorted(events)),
        strangers=tuple(sorted(strangers)),
        from_ms=from_ms,
        to_ms=to_ms,
    )


def _parse(text: str) -> Component:
    if len(text.encode(errors="replace")) > TEXT_MAX_BYTES:
        raise BodyTooLarge(f"a calendar has at most {TEXT_MAX_BYTES} bytes")
    plain = text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    plain = re.sub(r"\n[ \t]", "", plain)  # RFC 5545 §3.1: lines are unfolded first
    if plain.upper().count("\nBEGIN:") > COMPONENTS_MAX:
        raise BodyTooLarge(f"a calendar has at most {COMPONENTS_MAX} components")
    plain = _COMPONENT.sub(_shown, _ZONE_PARAMETER.sub(r"\1;X-ZONE=", plain))
    from icalendar import Calendar

    try:
        calendar = Calendar.from_ical(plain)
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError) as why:
        raise BodyMalformed(f"no calendar: {str(why)[:200]}") from None
    if calendar.name != "VCALENDAR":
        raise BodyMalformed(f"no calendar: begins with {calendar.name}")
    return calendar


def _shown(line: re.Match[str]) -> str:
    return f"{line[1]}:{_COMPONENTS.get(line[2].upper(), 'X-OTHER')}"


def _people(component: Component, names: Mapping[str, str] | None) -> tuple[str, ...]:
    """Return who an event puts on call: by its SUMMARY, by parts of it, or by its attendees."""
    summary = " ".join(str(component.get("SUMMARY", "")).split())[:200]
    if names is None:
        return (summary,) if summary else ()
    for called in ((summary,), _BETWEEN_NAMES.split(summary), _addresses(component)):
        found = [names[one.lower()] for one in called if one.lower() in names]
        if found:
            return tuple(dict.fromkeys(found))
    return ()


def _addresses(component: Component) -> list[str]:
    given = component.get("ATTENDEE", [])
    attendees = given if isinstance(given, list) else [given]
    called = [re.sub(r"^mailto:", "", str(one), flags=re.IGNORECASE) for one in attendees]
    return called + [str(one.params.get("CN", "")) for one in attendees]
