"""The shapes of the answers to why somebody was told of an incident or of alerts, or was not."""

from typing_extensions import TypedDict

from auscult.engine.why.account import Entry, Sent
from auscult.engine.why.alerts import Answer
from auscult.engine.why.person import Part
from auscult.kernel.incidents import Mute, Status
from auscult.kernel.words import Severity


class Asked(TypedDict):
    """The incident it is asked of, in short."""

    id: str
    headline: str
    severity: Severity
    status: Status
    opened_ms: int
    resolved_ms: int | None
    mute: Mute | None


class WhyTold(TypedDict):
    """All that is on record of whom it was told to, the oldest first, and one person's part."""

    incident: Asked
    entries: list[Entry]
    messages: list[Sent]
    person: Part | None
    is_whole: bool


class GroupWhyTold(TypedDict):
    """One group of alerts: what is on record of it, and what it would tell now."""

    key: str
    receiver: str
    next_ms: int
    entries: list[Entry]
    messages: list[Sent]
    answers: list[Answer]
    is_whole: bool


class AlertsWhyTold(TypedDict):
    """Each group that such alerts stand in, or stood; `is_whole` is false where there are more."""

    groups: list[GroupWhyTold]
    is_whole: bool
