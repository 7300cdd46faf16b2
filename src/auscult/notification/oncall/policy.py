"""An escalation policy as data: whom a problem reaches, in which order, until somebody has it."""

from collections.abc import Collection
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from auscult.kernel.times import MINUTE_MS
from auscult.kernel.words import Severity, Word
from auscult.notification.oncall.hours import Hours, is_open
from auscult.notification.oncall.schedule import HOURS_MAX, Name, listed
from auscult.notification.oncall.zones import Zone

STEPS_MAX = 20
REPEAT_MAX = 5
WAIT_MAX_MINUTES = 7 * 24 * 60


class Aim(StrEnum):
    """What a step can be aimed at."""

    SCHEDULE = "schedule"
    PERSON = "person"
    TEAM = "team"
    CHANNEL = "channel"


def _read_target(given: Any) -> Any:  # noqa: ANN401  # raw settings
    if not isinstance(given, str):
        return given
    aim, colon, name = given.partition(":")
    if not colon or aim.strip() not in set(Aim):
        raise ValueError(f"{given!r} is no target; write one of {', '.join(Aim)}, as schedule:NAME")
    return {"aim": aim.strip(), "name": name.strip()}


class Target(Word):
    """Whom a step is aimed at, written `schedule:nights`, `person:ada`, `team:ml`, `channel:ops`.

    A schedule is who is on call there, a team everybody in it, a channel told as a whole.
    """

    aim: Aim
    name: Name

    def __str__(self) -> str:
        """Return it as it is written in settings."""
        return f"{self.aim}:{self.name}"


Targets = Annotated[tuple[Annotated[Target, BeforeValidator(_read_target)], ...], Field()]


class Only(Word):
    """When a step is taken at all: at these severities, at these times of the week."""

    severity: Annotated[tuple[Severity, ...], BeforeValidator(listed)] = tuple(Severity)
    hours: tuple[Hours, ...] = Field(default=(), max_length=HOURS_MAX)
    time_zone: Zone = "UTC"

    def holds(self, severity: Severity, at_ms: int) -> bool:
        """Say whether a step is taken for a severity at an instant."""
        if severity not in self.severity:
            return False
        return not self.hours or is_open(self.hours, at_ms, self.time_zone)


class Step(Word):
    """One step: `wait_min` after the step before it was first taken, tell `to`.

    It is taken again up to `repeat` times, `again_min` apart, beside the steps that follow.
    `ack` says who must acknowledge before the policy rests: anybody, or everyone it has paged.
    """

    to: Annotated[Targets, BeforeValidator(listed)] = Field(min_length=1, max_length=20)
    name: str = Field(default="", max_length=200)
    wait_min: int = Field(default=0, ge=0, le=WAIT_MAX_MINUTES)
    only: Only = Only()
    repeat: int = Field(default=0, ge=0, le=REPEAT_MAX)
    again_min: int = Field(default=5, ge=1, le=WAIT_MAX_MINUTES)
    ack: Literal["all", "any"] = "any"

    def is_acknowledged(self, paged: Collection[str], by: Collection[str]) -> bool:
        """Say whether the step rests, given who was paged by it and who has acknowledged.

        Where it has paged no person (a channel only), anybody's word is enough.
        """
        if self.ack == "all" and paged:
            return set(paged) <= set(by)
        return bool(by)


class Policy(Word):
    """Steps in order, and the `fallback` that is told where a step reaches nobody.

    Among the fallback is a channel, which needs nobody to be on call. `last_wait_min` after the
    last step all of it begins again, up to `repeat` times; then the fallback is told that nobody
    has answered. An acknowledgement holds for `ack_min`, without it until the end.
    """

    name: Name
    steps: tuple[Step, ...] = Field(min_length=1, max_length=STEPS_MAX)
    fallback: Annotated[Targets, BeforeValidator(listed)] = Field(min_length=1, max_length=20)
    last_wait_min: int = Field(default=15, ge=1, le=WAIT_MAX_MINUTES)
    repeat: int = Field(default=0, ge=0, le=REPEAT_MAX)
    ack_min: int | None = Field(default=None, ge=1, le=WAIT_MAX_MINUTES)

    @model_validator(mode="after")
    def _never_nobody(self) -> "Policy":
        if all(target.aim is not Aim.CHANNEL for target in self.fallback):
            raise ValueError("fallback: name a channel as well, which needs nobody to be on call")
        return self


class Due(Word):
    """That a step is to be taken: its number in the policy, the attempt, and when."""

    step: int
    attempt: int
    at_ms: int


def plan(
    policy: Policy, *, severity: Severity, from_ms: int, first_step: int = 0
) -> tuple[Due, ...]:
    """Return when each step is due for a problem of `from_ms`, if nobody acknowledges.

    A step that is not for this severity or this time of the week is left out, its wait with it,
    so that the next one does not come later for it. With `first_step` the plan is resumed there.
    """
    due: list[Due] = []
    at_ms = from_ms
    for number, step in enumerate(policy.steps[first_step:], start=first_step):
        step_ms = at_ms + step.wait_min * MINUTE_MS
        if not step.only.holds(severity, step_ms):
            continue
        at_ms = step_ms
        due += [
            Due(step=number, attempt=attempt, at_ms=at_ms + attempt * step.again_min * MINUTE_MS)
            for attempt in range(step.repeat + 1)
        ]
    return tuple(sorted(due, key=lambda one: (one.at_ms, one.step, one.attempt)))


def read_target(written: str) -> Target:
    """Return a target as it is written in settings; raises `ValueError`."""
    return Target.model_validate(_read_target(written))


def default_policy(fallback: Collection[str]) -> Policy:
    """Return the policy of three levels: user support, production engineers, architects and ML.

    Critical: the second level after 5 min, the third 10 min later. Warnings: the second level
    after 30 min. What only informs stays with user support.
    """
    critical = Only(severity=(Severity.CRITICAL,))
    warning = Only(severity=(Severity.WARNING,))
    engineers = (Target(aim=Aim.SCHEDULE, name="production-engineers"),)
    experts = tuple(Target(aim=Aim.SCHEDULE, name=one) for one in ("architects", "ml-experts"))
    return Policy(
        name="default",
        steps=(
            Step(name="L1", to=(Target(aim=Aim.SCHEDULE, name="user-support"),)),
            Step(name="L2", to=engineers, wait_min=5, only=critical, repeat=2),
            Step(name="L2", to=engineers, wait_min=30, only=warning),
            Step(name="L3", to=experts, wait_min=10, only=critical, repeat=2),
        ),
        fallback=tuple(map(read_target, fallback)),
        ack_min=60,
    )
