"""Random schedules around changes of the clock, and a second method that says who is on call.

The second method knows nothing of turns that begin or hours that open. It walks the minutes of a
window with the high-water mark of the wall clock (the latest time it has shown so far), which is
the same rule said otherwise: a wall time has come once the clock has shown it or a later one. Every
zone's offset is whole minutes in the years used, and so is all that is drawn here, so that minutes
are exact.
"""

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from auscult.notification.oncall import Schedule
from auscult.notification.oncall.hours import Hours
from auscult.notification.oncall.schedule import Feed, Rotation

ZONES = (
    *("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago"),
    *("Asia/Kathmandu", "UTC", "America/St_Johns", "Africa/Casablanca", "Antarctica/Troll"),
    *("America/Havana", "Pacific/Apia", "Asia/Tehran", "Pacific/Chatham", "Asia/Beirut"),
)
YEARS = range(2009, 2032)
DAY_MINUTES, MINUTE_MS = 1_440, 60_000
DAY_MS = DAY_MINUTES * MINUTE_MS
WINDOW_DAYS = (2, 12)
NAMES = ("ada", "bob", "cyn", "dan", "eve", "fay", "gil", "hal")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  # a wall time
EPOCH_DAY = EPOCH.toordinal()

Answer = tuple[tuple[str, str, str], ...]
"""Who is on call: person, what put them there, its name."""


@dataclass(frozen=True)
class World:
    """A schedule, and the window in which it is asked."""

    schedule: Schedule
    from_ms: int
    to_ms: int
    has_change: bool


@cache
def changes_of(zone: str, year: int) -> tuple[int, ...]:
    """The instants at which a zone's offset changes within a year, to the minute."""
    found = []
    year_ms = minutes_of(EPOCH.replace(year=year)) * MINUTE_MS
    for start_ms in range(year_ms, year_ms + 366 * DAY_MS, DAY_MS):
        before = offset(start_ms, zone)
        if offset(start_ms + DAY_MS, zone) != before:
            day = range(start_ms, start_ms + DAY_MS + 1, MINUTE_MS)
            found.append(next(at_ms for at_ms in day if offset(at_ms, zone) != before))
    return tuple(found)


def offset(at_ms: int, zone: str) -> timedelta:
    there = datetime.fromtimestamp(at_ms // 1_000, UTC).astimezone(ZoneInfo(zone))
    return there.utcoffset() or timedelta()


def minutes_of(wall: datetime) -> int:
    return (wall - EPOCH) // timedelta(minutes=1)


def wall_of(minutes: int) -> datetime:
    return EPOCH + timedelta(minutes=minutes)


def draw(rng: random.Random, *, zone: str = "") -> World:
    """A schedule of one to four layers, and a window that mostly has a change of the clock."""
    zone = zone or rng.choice(ZONES)
    year = rng.choice(YEARS)
    changes = changes_of(zone, year)
    has_change = bool(changes) and rng.random() < 0.9
    start = minutes_of(EPOCH.replace(year=year)) + rng.randrange(365 * DAY_MINUTES)
    middle = rng.choice(changes) // MINUTE_MS if has_change else start
    days = rng.randint(*WINDOW_DAYS)
    from_minute = middle - rng.randrange(1, days * DAY_MINUTES)
    shown = middle + offset(middle * MINUTE_MS, zone) // timedelta(minutes=1)
    from_ms = from_minute * MINUTE_MS
    to_ms = from_ms + days * DAY_MS
    layers = [
        draw_feed(rng, f"feed {at}", from_ms, to_ms)
        if rng.random() < 0.2
        else draw_rotation(rng, f"layer {at}", shown)
        for at in range(rng.randint(1, 4))
    ]
    schedule = Schedule.model_validate(
        {
            "name": "streaming",
            "time_zone": zone,
            "layers": layers,
            "overrides": [draw_override(rng, shown) for _ in range(rng.choice((0, 0, 1, 3)))],
            "holidays": [
                draw_holiday(rng, shown, [one["name"] for one in layers])
                for _ in range(rng.choice((0, 0, 1, 2)))
            ],
        }
    )
    return World(schedule, from_ms, to_ms, has_change)


def near(rng: random.Random, shown: int, days: int) -> int:
    """A wall time, often within hours of the change, else within days of it."""
    if rng.random() < 0.5:
        return shown + rng.randint(-180, 180)
    return shown + rng.randint(-days * DAY_MINUTES, days * DAY_MINUTES)


def draw_rotation(rng: random.Random, name: str, shown: int) -> dict[str, Any]:
    unit, most = rng.choice((("hours", 36), ("days", 9), ("weeks", 2)))
    start = near(rng, shown, 30)
    given: dict[str, Any] = {
        "name": name,
        "people": [
            rng.sample(NAMES, rng.choice((1, 1, 1, 2, 3))) for _ in range(rng.randint(1, 5))
        ],
        "start": wall_of(start),
        "turn": f"{rng.randint(1, most)} {unit}",
    }
    if rng.random() < 0.2:
        given["until"] = wall_of(max(near(rng, shown, 6), start + 1))
    if rng.random() < 0.5:
        given["hours"] = [draw_hours(rng, shown) for _ in range(rng.randint(1, 2))]
    return given


def draw_hours(rng: random.Random, shown: int) -> dict[str, Any]:
    start, end = (near(rng, shown, 1) % DAY_MINUTES for _ in range(2))
    days = WEEKDAYS if rng.random() < 0.5 else rng.sample(WEEKDAYS, rng.randint(1, 6))
    return {"start": start, "end": end, "weekdays": list(days)}


def draw_override(rng: random.Random, shown: int) -> dict[str, Any]:
    start = near(rng, shown, 5)
    return {
        "person": rng.choice(NAMES),
        "start": wall_of(start),
        "end": wall_of(start + rng.randint(1, 3 * DAY_MINUTES)),
        "reason": rng.choice(("dentist", "")),
        "instead_of": rng.choice(("", *NAMES)) if rng.random() < 0.5 else "",
    }


def draw_holiday(rng: random.Random, shown: int, layers: list[str]) -> dict[str, Any]:
    day = wall_of(near(rng, shown, 4)).date()
    return {
        "name": rng.choice(("Easter", "Dashain")),
        "day": day,
        "last": day + timedelta(days=rng.randint(0, 2)) if rng.random() < 0.5 else None,
        "layers": rng.sample(layers, 1) if rng.random() < 0.4 else [],
        "stand_ins": rng.sample(NAMES, rng.choice((0, 1, 2))),
    }


def draw_feed(rng: random.Random, name: str, from_ms: int, to_ms: int) -> dict[str, Any]:
    events = []
    for _ in range(rng.randint(0, 12)):
        start_ms = from_ms + rng.randrange((to_ms - from_ms) // MINUTE_MS) * MINUTE_MS
        length_ms = rng.randint(1, 2 * DAY_MINUTES) * MINUTE_MS
        person = rng.choice(NAMES)
        events.append({"person": person, "from_ms": start_ms, "to_ms": start_ms + length_ms})
    return {"name": name, "events": events, "from_ms": from_ms, "to_ms": to_ms}


class Oracle:
    """Who is on call in every minute of a window, found minute by minute."""

    def __init__(self, world: World) -> None:
        self.schedule = world.schedule
        self.at = np.arange(world.from_ms // MINUTE_MS, world.to_ms // MINUTE_MS)
        self.shown = high_water(world.schedule.time_zone, self.at)
        self.answers: list[Answer] = [()]

    def ask(self) -> list[Answer]:
        """The answer of every minute of the window, in order."""
        codes = np.zeros(len(self.at), dtype=np.int64)
        for layer in self.schedule.layers:
            own = self.feed(layer) if isinstance(layer, Feed) else self.rotation(layer)
            self.keep_holidays(layer.name, own)
            codes = np.where(own > 0, own, codes)
        for one in self.schedule.overrides:
            now = (self.shown >= minutes_of(one.start)) & (self.shown < minutes_of(one.end))
            new = (one.person, "override", one.reason)
            for code in np.unique(codes[now]):
                before = self.answers[code]
                after = (
                    tuple(new if duty[0] == one.instead_of else duty for duty in before)
                    if one.instead_of
                    else (new,)
                )
                codes[now & (codes == code)] = -self.code(after)
            codes = np.abs(codes)
        said = [once(answer) for answer in self.answers]
        return [said[code] for code in codes]

    def rotation(self, layer: Rotation) -> NDArray[np.int64]:
        minutes = layer.turn.count * {"hours": 60, "days": 1_440, "weeks": 10_080}[layer.turn.unit]
        own = [
            self.code(tuple((person, "layer", layer.name) for person in people))
            for people in layer.people
        ]
        since = self.shown - minutes_of(layer.start)
        active = since >= 0
        if layer.until is not None:
            active &= self.shown < minutes_of(layer.until)
        if layer.hours:
            active &= np.logical_or.reduce([self.open(one) for one in layer.hours])
        found: NDArray[np.int64] = np.where(active, np.array(own)[since // minutes % len(own)], 0)
        return found

    def open(self, hours: Hours) -> NDArray[np.bool_]:
        """Whether the time since it opened last, today or yesterday, is less than it is open."""
        length = (hours.end - hours.start) % DAY_MINUTES or DAY_MINUTES
        days = [WEEKDAYS.index(day) for day in hours.weekdays]
        day, minute = np.divmod(self.shown, DAY_MINUTES)
        found = np.zeros(len(self.at), dtype=bool)
        for back in (0, 1):
            weekday = (day - back + 3) % 7  # the first of January 1970 was a Thursday
            since = minute + back * DAY_MINUTES - hours.start
            found |= np.isin(weekday, days) & (since >= 0) & (since < length)
        return found

    def feed(self, layer: Feed) -> NDArray[np.int64]:
        codes = np.zeros(len(self.at), dtype=np.int64)
        events = sorted(layer.events, key=lambda one: (one.from_ms, one.to_ms, one.person))
        for event in events:
            now = (self.at >= event.from_ms // MINUTE_MS) & (self.at < event.to_ms // MINUTE_MS)
            duty = (event.person, "calendar", layer.name)
            for code in np.unique(codes[now]):
                codes[now & (codes == code)] = -self.code((*self.answers[code], duty))
            codes = np.abs(codes)
        return codes

    def keep_holidays(self, layer: str, codes: NDArray[np.int64]) -> None:
        days = self.shown // DAY_MINUTES
        has_somebody = codes > 0
        for one in self.schedule.holidays:
            if one.layers and layer not in one.layers:
                continue
            first, last = (day_number(day) for day in (one.day, one.last or one.day))
            new = tuple((person, "holiday", one.name) for person in one.stand_ins)
            now = (days >= first) & (days <= last) & has_somebody
            codes[now] = self.code(new)

    def code(self, answer: Answer) -> int:
        if answer not in self.answers:
            self.answers.append(answer)
        return self.answers.index(answer)


def once(answer: Answer) -> Answer:
    return tuple(
        duty for at, duty in enumerate(answer) if duty[0] not in {one[0] for one in answer[:at]}
    )


def day_number(day: date) -> int:
    return day.toordinal() - EPOCH_DAY


def high_water(zone: str, at: NDArray[np.int64]) -> NDArray[np.int64]:
    """The latest wall time shown until each minute, in minutes from 1970; two days are run in."""
    first, last = int(at[0]) // 60 - 48, int(at[-1]) // 60
    offsets = np.concatenate([offsets_of_hour(hour, zone) for hour in range(first, last + 1)])
    walls = np.arange(first * 60, (last + 1) * 60) + offsets
    found: NDArray[np.int64] = np.maximum.accumulate(walls)[at - first * 60]
    return found


@cache
def offsets_of_hour(hour: int, zone: str) -> NDArray[np.int64]:
    """The offset in each minute of an hour, in minutes; asked once where both ends agree."""
    one = timedelta(minutes=1)
    edges = [offset(at * 60 * MINUTE_MS, zone) // one for at in (hour, hour + 1)]
    if edges[0] == edges[1]:
        return np.full(60, edges[0])
    return np.array([offset((hour * 60 + at) * MINUTE_MS, zone) // one for at in range(60)])
