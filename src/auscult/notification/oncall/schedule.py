"""A schedule: layers of people who take turns, with overrides and holidays, in one time zone."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import cached_property
from itertools import accumulate
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    SecretStr,
    Tag,
    model_validator,
)

from auscult.kernel.oncall import Takeover
from auscult.kernel.words import Word
from auscult.notification.oncall.hours import DAY_MINUTES, WEEK_MINUTES, Hours
from auscult.notification.oncall.zones import (
    SetDate,
    Wall,
    WallTime,
    Zone,
    add_minutes,
    first_ms,
    wall_at,
)

LAYERS_MAX = 12
HOURS_MAX = 20
PEOPLE_MAX = 200
EVENTS_MAX = 5_000
EXCEPTIONS_MAX = 400
ADDRESS_CHARS_MAX = 2_000

_TURN = re.compile(r"(\d{1,3}) *(hour|day|week)s?")

Name = Annotated[str, Field(min_length=1, max_length=200)]


def listed(given: Any) -> Any:  # noqa: ANN401  # raw settings
    """Read a single word in settings as a list of one."""
    return (given,) if isinstance(given, str) else given


def _read_turn(given: Any) -> Any:  # noqa: ANN401  # raw settings
    if not isinstance(given, str):
        return given
    if not (found := _TURN.fullmatch(given.strip())):
        raise ValueError(f"{given!r} is no length of a turn; write 12 hours, 1 day or 2 weeks")
    return {"count": int(found[1]), "unit": f"{found[2]}s"}


def _read_people(given: Any) -> Any:  # noqa: ANN401  # raw settings
    given = listed(given)
    return tuple(map(listed, given)) if isinstance(given, list | tuple) else given


def _read_address(given: SecretStr) -> SecretStr:
    """Read `webcal:`, by which calendars are handed out, as the `https:` that it stands for."""
    address = re.sub(r"^webcals?://", "https://", given.get_secret_value().strip())
    if not address.startswith(("https://", "http://")) or len(address) > ADDRESS_CHARS_MAX:
        raise ValueError("should begin with https://")
    return SecretStr(address)


CalendarAddress = Annotated[SecretStr, AfterValidator(_read_address)]
"""Where a calendar is read; whoever knows it reads the calendar, so it is a secret."""


class Unit(StrEnum):
    """What a turn is counted in, by the wall clock."""

    HOURS = "hours"
    DAYS = "days"
    WEEKS = "weeks"


class Turn(Word):
    """How long a turn lasts on the wall clock: a day from 09:00 ends at 09:00 in every season."""

    count: int = Field(default=1, ge=1, le=366)
    unit: Unit = Unit.WEEKS

    @property
    def minutes(self) -> int:
        """Its length in minutes of the wall clock."""
        one = {Unit.HOURS: 60, Unit.DAYS: DAY_MINUTES, Unit.WEEKS: WEEK_MINUTES}
        return self.count * one[self.unit]


class Rotation(Word):
    """A layer of people who take turns from `start` on, for ever or `until`.

    `people` are the turns in order: a name, or a list of names that are on call together. Turns
    follow each other whether or not `hours` let the layer speak. A turn that falls into the gap of
    a clock lasts no time; one in which the clock is set back lasts so much longer.
    """

    name: Name
    people: Annotated[
        tuple[Annotated[tuple[Name, ...], Field(min_length=1, max_length=20)], ...],
        BeforeValidator(_read_people),
    ] = Field(min_length=1, max_length=PEOPLE_MAX)
    start: Wall
    turn: Annotated[Turn, BeforeValidator(_read_turn)] = Turn()
    until: Wall | None = None
    hours: tuple[Hours, ...] = Field(default=(), max_length=HOURS_MAX)

    @model_validator(mode="after")
    def _in_order(self) -> "Rotation":
        if self.until is not None and self.until <= self.start:
            raise ValueError("until: lies not after start")
        return self

    def begins(self, turn: int) -> WallTime:
        """Return the wall time of the handover to a turn, counted from 0."""
        return add_minutes(self.start, turn * self.turn.minutes)


class Event(Word):
    """Somebody's time in a calendar, in Unix milliseconds, the end not included."""

    person: Name
    from_ms: int
    to_ms: int
    uid: str = ""


class Feed(Word):
    """A layer from a calendar of somebody else, as far as it was read: `read_calendar` makes it.

    Settings say its name and where the `calendar` is; until that is read, it has nobody.
    """

    name: Name
    events: tuple[Event, ...] = Field(default=(), max_length=EVENTS_MAX)
    from_ms: int = 0
    to_ms: int = 0
    calendar: CalendarAddress | None = None

    @cached_property
    def _by_start(self) -> tuple[tuple[Event, ...], tuple[int, ...], tuple[int, ...]]:
        """The events by their start, the starts, and the latest end so far."""
        events = tuple(sorted(self.events, key=lambda one: (one.from_ms, one.to_ms, one.person)))
        starts = tuple(one.from_ms for one in events)
        return events, starts, tuple(accumulate((one.to_ms for one in events), max))

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Copy it without the order of its events, which may not be theirs any more."""
        copy = super().model_copy(update=update, deep=deep)
        copy.__dict__.pop("_by_start", None)
        return copy

    def at(self, at_ms: int) -> tuple[Event, ...]:
        """Return the events that hold at an instant, the earliest start first."""
        events, starts, ends = self._by_start
        at, found = bisect_right(starts, at_ms) - 1, []
        while at >= 0 and ends[at] > at_ms:
            if events[at].to_ms > at_ms:
                found.append(events[at])
            at -= 1
        return tuple(reversed(found))


class Override(Word):
    """Somebody takes over for a while: from everybody, or from one person only (`instead_of`).

    Of several at once the one written last decides. The times are of the schedule's zone, or of
    `time_zone`.
    """

    person: Name
    start: Wall
    end: Wall
    reason: str = Field(default="", max_length=500)
    instead_of: str = ""
    time_zone: Zone | None = None

    @model_validator(mode="after")
    def _in_order(self) -> "Override":
        if self.end <= self.start:
            raise ValueError("end: lies not after start")
        return self

    @classmethod
    def of(cls, takeover: Takeover) -> Self:
        """Return what somebody said at run time as an override; to the second, in UTC."""
        start, end = (
            wall_at(at_ms, "UTC").replace(microsecond=0)
            for at_ms in (takeover.starts_ms, takeover.ends_ms)
        )
        return cls(
            person=takeover.person,
            start=start,
            end=end,
            reason=takeover.reason,
            instead_of=takeover.instead_of,
            time_zone="UTC",
        )

    def span(self, zone: str) -> tuple[int, int]:
        """Return from when to when it holds in a schedule of a zone, the end not included."""
        zone = self.time_zone or zone
        return first_ms(self.start, zone), first_ms(self.end, zone)


class Holiday(Word):
    """Days (`last` included) on which layers do not apply, or others stand in for their people.

    It is for the layers named, or for all. A day begins and ends by the clocks of the schedule.
    """

    name: Name
    day: SetDate
    last: SetDate | None = None
    layers: Annotated[tuple[str, ...], BeforeValidator(listed)] = ()
    stand_ins: Annotated[tuple[Name, ...], BeforeValidator(listed)] = Field(
        default=(), max_length=20
    )

    @model_validator(mode="after")
    def _in_order(self) -> "Holiday":
        if self.last is not None and self.last < self.day:
            raise ValueError("last: lies before day")
        return self


_FEED_KEYS = {"calendar", "events"}


def _kind_of(given: Any) -> str:  # noqa: ANN401  # raw settings
    is_feed = isinstance(given, Feed) or (isinstance(given, dict) and _FEED_KEYS & given.keys())
    return "feed" if is_feed else "rotation"


Layer = Annotated[
    Annotated[Rotation, Tag("rotation")] | Annotated[Feed, Tag("feed")], Discriminator(_kind_of)
]
"""A layer of a schedule; the discriminator lets a wrong key be told of the right kind."""


class Schedule(Word):
    """Who is on call for something: of the layers that have somebody, the last one speaks.

    `handover` says whether those who come on and go off are told at every handover, `gaps_allowed`
    whether times with nobody are meant, as nights are where only the day has people.
    """

    name: Name
    time_zone: Zone
    layers: tuple[Layer, ...] = Field(min_length=1, max_length=LAYERS_MAX)
    overrides: tuple[Override, ...] = Field(default=(), max_length=EXCEPTIONS_MAX)
    holidays: tuple[Holiday, ...] = Field(default=(), max_length=EXCEPTIONS_MAX)
    handover: bool = True
    gaps_allowed: bool = False

    @model_validator(mode="after")
    def _names_are_known(self) -> "Schedule":
        names = [layer.name for layer in self.layers]
        if len(set(names)) < len(names):
            raise ValueError("layers: two have the same name")
        for holiday in self.holidays:
            if wrong := set(holiday.layers) - set(names):
                right = ", ".join(names)
                raise ValueError(
                    f"holidays: {holiday.name}: no layer {min(wrong)!r}; there are: {right}"
                )
        return self

    def amended(self, takeovers: Iterable[Takeover], feeds: Mapping[str, Feed]) -> Self:
        """Return it with what was said at run time, and with its calendars as they were read.

        `feeds` are layers by name; of `takeovers` only those of this schedule count, later ones
        over earlier ones and over what the settings say.
        """
        more = tuple(Override.of(one) for one in takeovers if one.schedule == self.name)
        layers = tuple(
            feeds[one.name].model_copy(update={"calendar": one.calendar})
            if isinstance(one, Feed) and one.name in feeds
            else one
            for one in self.layers
        )
        if not more and layers == self.layers:
            return self
        return self.model_copy(update={"overrides": (*self.overrides, *more), "layers": layers})

    @property
    def people(self) -> tuple[str, ...]:
        """Everybody the schedule can name, sorted."""
        named = {one.person for one in self.overrides}
        named.update(name for one in self.holidays for name in one.stand_ins)
        for layer in self.layers:
            if isinstance(layer, Feed):
                named.update(event.person for event in layer.events)
            else:
                named.update(name for turn in layer.people for name in turn)
        return tuple(sorted(named))
