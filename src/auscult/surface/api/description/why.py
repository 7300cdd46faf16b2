"""The shape of the answer to why somebody was told of an incident, or was not."""

from typing_extensions import TypedDict

from auscult.engine.why.account import Entry, Sent
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
