"""What a tenant says about who is called: people, teams, schedules and policies, as one section."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from operator import is_
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from auscult.kernel.errors import ObjectMissing
from auscult.kernel.oncall import Takeover
from auscult.kernel.words import Word
from auscult.notification.oncall.people import Person, Team, names_of
from auscult.notification.oncall.policy import Aim, Policy, default_policy
from auscult.notification.oncall.resolve import Staff, missing
from auscult.notification.oncall.schedule import Feed, Name, Schedule, listed

DEFAULT = "default"
PEOPLE_MAX = 1_000


class OnCall(Word):
    """Who is called to a tenant's incidents, in which order.

    ```yaml
    oncall:
      people: [{name: ada, time_zone: Europe/Berlin, contacts: [ada-phone, chat]}]
      schedules: [{name: user-support, time_zone: Europe/Berlin, layers: [...]}]
      policies: [{name: streaming, steps: [...], fallback: [channel:chat]}]
      policy: streaming
    ```

    `policy` is for every incident for which no route names another; empty, for none. Without a
    policy named `default` there is one of three levels, whose `fallback` are these channels.
    """

    people: tuple[Person, ...] = Field(default=(), max_length=PEOPLE_MAX)
    teams: tuple[Team, ...] = Field(default=(), max_length=200)
    schedules: tuple[Schedule, ...] = Field(default=(), max_length=200)
    policies: tuple[Policy, ...] = Field(default=(), max_length=200)
    policy: str = DEFAULT
    fallback: Annotated[tuple[Name, ...], BeforeValidator(listed)] = Field(
        default=(), max_length=20
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        for shelf in ("people", "teams", "schedules", "policies"):
            names = [one.name for one in getattr(self, shelf)]
            if twice := {name for name in names if names.count(name) > 1}:
                raise ValueError(f"{shelf}: {min(twice)!r} stands twice")
        known = {one.name for one in self.people}
        for team in self.teams:
            if wrong := set(team.people) - known:
                raise ValueError(f"teams: {team.name}: {min(wrong)!r} is none of the people")
        if self.policy not in {"", DEFAULT, *(one.name for one in self.policies)}:
            raise ValueError(f"policy: there is no policy {self.policy!r}")
        return self

    @cached_property
    def by_name(self) -> Mapping[str, Policy]:
        """The policies by their names, the default one among them where a fallback allows it."""
        found = {one.name: one for one in self.policies}
        if DEFAULT not in found and self.fallback:
            found[DEFAULT] = default_policy([f"channel:{name}" for name in self.fallback])
        return found

    @cached_property
    def called(self) -> Mapping[str, str]:
        """Whom each name or address means, in lower case."""
        return names_of(self.people)

    @property
    def channels(self) -> tuple[str, ...]:
        """Every channel that is named, once."""
        targets = [
            target
            for policy in self.policies
            for step in policy.steps
            for target in (*step.to, *policy.fallback)
        ]
        named = [target.name for target in targets if target.aim is Aim.CHANNEL]
        contacts = [name for person in self.people for name in person.contacts]
        return tuple(dict.fromkeys((*contacts, *named, *self.fallback)))

    def amended(
        self, takeovers: Sequence[Takeover], feeds: Mapping[str, Mapping[str, Feed]]
    ) -> Self:
        """Return it with what was said at run time, and with calendars as they were read.

        `feeds` are layers by name, by the name of their schedule.
        """
        nothing: Mapping[str, Feed] = {}
        schedules = tuple(
            one.amended(takeovers, feeds.get(one.name, nothing)) for one in self.schedules
        )
        is_same = all(map(is_, schedules, self.schedules))
        return self if is_same else self.model_copy(update={"schedules": schedules})

    def schedule(self, name: str) -> Schedule:
        """Return a schedule by its name; raises `ObjectMissing` with those there are."""
        for one in self.schedules:
            if one.name == name:
                return one
        known = ", ".join(one.name for one in self.schedules) or "none"
        raise ObjectMissing(f"no schedule {name[:40]!r}; there are: {known[:200]}")

    def staff(self, pages_last_hour: Mapping[str, int]) -> Staff:
        """Return everybody, given how many pages each has had in the last hour."""
        return Staff(
            people={one.name: one for one in self.people},
            teams={one.name: one for one in self.teams},
            schedules={one.name: one for one in self.schedules},
            pages_last_hour=pages_last_hour,
        )

    @property
    def is_load_limited(self) -> bool:
        """Whether anybody takes only so many pages in an hour."""
        return any(one.pages_per_hour_max is not None for one in self.people)

    def missing(self, *, with_default: bool = True) -> tuple[str, ...]:
        """Return a sentence for each name that means nobody; those called instead are told.

        `with_default` says whether those of the default policy count, which nobody wrote.
        """
        staff = self.staff({})
        named = list(self.policies)
        if with_default and self.policy == DEFAULT and DEFAULT not in {one.name for one in named}:
            named += [policy for name, policy in self.by_name.items() if name == DEFAULT]
        found = [line for policy in named for line in missing(policy, staff)]
        return tuple(dict.fromkeys(found))
