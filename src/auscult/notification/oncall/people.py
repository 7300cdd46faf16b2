"""People, how each wants to be reached, and teams of them."""

from typing import Annotated

from pydantic import BeforeValidator, Field, model_validator

from auscult.kernel.times import MINUTE_MS
from auscult.kernel.words import Severity, Word
from auscult.notification.oncall.hours import Hours, closes_ms, covers_week
from auscult.notification.oncall.schedule import HOURS_MAX, Name, listed
from auscult.notification.oncall.zones import Zone

AFTER_MAX_MINUTES = 24 * 60


class Rule(Word):
    """A personal rule: at these severities, this channel, so many minutes after the page."""

    channel: Name
    after_min: int = Field(default=0, ge=0, le=AFTER_MAX_MINUTES)
    severity: Annotated[tuple[Severity, ...], BeforeValidator(listed)] = tuple(Severity)


class Quiet(Word):
    """Hours in which low severities wait for their end; a critical page never waits."""

    hours: tuple[Hours, ...] = Field(min_length=1, max_length=HOURS_MAX)
    severity: Annotated[tuple[Severity, ...], BeforeValidator(listed)] = (
        Severity.WARNING,
        Severity.INFO,
    )
    time_zone: Zone | None = None

    @model_validator(mode="after")
    def _ends_some_time(self) -> "Quiet":
        if Severity.CRITICAL in self.severity:
            raise ValueError("severity: a critical page is never put off")
        if covers_week(self.hours):
            raise ValueError("hours: no minute of the week is left outside of the quiet hours")
        return self


class Person(Word):
    """Somebody who can be on call: their zone, their channels in order, and their wishes.

    `also` are the names and addresses by which calendars call them.
    """

    name: Name
    time_zone: Zone
    contacts: Annotated[tuple[Name, ...], BeforeValidator(listed)] = Field(
        min_length=1, max_length=20
    )
    rules: tuple[Rule, ...] = Field(default=(), max_length=50)
    quiet_hours: Quiet | None = None
    pages_per_hour_max: int | None = Field(default=None, ge=1)
    also: Annotated[tuple[Name, ...], BeforeValidator(listed)] = Field(default=(), max_length=20)

    @model_validator(mode="after")
    def _rules_name_contacts(self) -> "Person":
        if wrong := {rule.channel for rule in self.rules} - set(self.contacts):
            right = ", ".join(self.contacts)
            raise ValueError(f"rules: {min(wrong)!r} is none of the contacts: {right}")
        return self

    def ways(self, severity: Severity) -> tuple[Rule, ...]:
        """Return the rules for a severity, the soonest first; without any, the first contact."""
        mine = [rule for rule in self.rules if severity in rule.severity]
        found = sorted(mine, key=lambda rule: rule.after_min)
        return tuple(found) or (Rule(channel=self.contacts[0]),)

    @property
    def quiet_zone(self) -> str:
        """The zone by whose clocks it is quiet for them."""
        own = self.quiet_hours.time_zone if self.quiet_hours else None
        return own or self.time_zone

    def wished_ms(self, rule: Rule, at_ms: int) -> int:
        """Return when a rule reaches them for a page of an instant, were it not quiet then."""
        return at_ms + rule.after_min * MINUTE_MS

    def due_ms(self, rule: Rule, severity: Severity, at_ms: int) -> int:
        """Return when a rule reaches them for a page of an instant, quiet hours heeded."""
        wished_ms, quiet = self.wished_ms(rule, at_ms), self.quiet_hours
        if quiet is None or severity not in quiet.severity:
            return wished_ms
        return closes_ms(quiet.hours, wished_ms, self.quiet_zone)


class Team(Word):
    """Several people who are told together."""

    name: Name
    people: Annotated[tuple[Name, ...], BeforeValidator(listed)] = Field(
        min_length=1, max_length=100
    )


def names_of(people: tuple[Person, ...]) -> dict[str, str]:
    """Return whom each name or address of a calendar means, in lower case, for `read_calendar`."""
    return {
        called.lower(): person.name for person in people for called in (person.name, *person.also)
    }
