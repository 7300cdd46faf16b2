"""The shapes of the answers about who is on call."""

from typing_extensions import TypedDict

from auscult.notification.oncall import Notice
from auscult.notification.oncall.outlook import Standing


class OnCallTold(TypedDict):
    """How every schedule stands at an instant, and which names of policies mean nobody."""

    at_ms: int
    schedules: list[Standing]
    missing: list[str]


class DutyTold(TypedDict):
    """One person on call, and why."""

    person: str
    why: str


class ShiftTold(TypedDict):
    """Who is on call from one instant to another, the end not included."""

    from_ms: int
    to_ms: int
    is_gap: bool
    on_call: list[DutyTold]


class OverrideTold(TypedDict):
    """Who has taken over at run time, from when until when, and who said so."""

    id: str
    person: str
    from_ms: int
    to_ms: int
    reason: str
    instead_of: str
    by: str
    made_ms: int


class ScheduleTold(TypedDict):
    """The shifts of a schedule, what is wrong with them, and who has taken over."""

    schedule: str
    time_zone: str
    from_ms: int
    to_ms: int
    shifts: list[ShiftTold]
    notices: list[Notice]
    overrides: list[OverrideTold]


class OverrideMade(TypedDict):
    """What was made."""

    override: OverrideTold
