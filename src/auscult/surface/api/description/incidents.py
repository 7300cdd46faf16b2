"""The shapes of what is told of incidents."""

from typing import get_args

from typing_extensions import TypedDict

from auscult.kernel.findings import Finding, MediaType
from auscult.kernel.incidents import Incident
from auscult.kernel.runs import Run
from auscult.surface.api.description.errors import Responses


class Counts(TypedDict):
    """How many incidents have each status."""

    open: int
    acknowledged: int
    resolved: int


class IncidentPage(TypedDict):
    """One page of the list; `next` is the cursor of the next one."""

    incidents: list[Incident]
    next: str | None
    counts: Counts


class LineTold(TypedDict):
    """One line of a timeline."""

    at_ms: int
    actor: str
    action: str
    sentence: str


class TimelineTold(TypedDict):
    """What happened to an incident, oldest first."""

    timeline: list[LineTold]


class DeliveryTold(TypedDict):
    """One message somebody was owed, and what became of it."""

    key: str
    kind: str
    channel: str
    plug: str
    state: str
    attempts: int
    reason: str
    updated_ms: int
    title: str


class ExhibitTold(TypedDict):
    """A sound or a picture, without its bytes."""

    id: str
    signal: str
    title: str
    media_type: MediaType
    at_ms: int


class StoryTold(TypedDict):
    """One incident with all that belongs to it."""

    incident: Incident
    findings: list[Finding]
    runs: list[Run]
    deliveries: list[DeliveryTold]
    timeline: list[LineTold]
    exhibits: list[ExhibitTold]


class IncidentTold(TypedDict):
    """One incident as it is now."""

    incident: Incident


class SilencesMade(TypedDict):
    """The ids of the silences."""

    silences: list[str]


class DeadLetter(TypedDict):
    """A message that was given up."""

    key: str
    incident: str
    channel: str
    kind: str
    title: str
    reason: str
    attempts: int
    due_ms: int
    given_up_ms: int


class DeadLetters(TypedDict):
    """Messages that were given up, the last first."""

    deadletters: list[DeadLetter]


class Replayed(TypedDict):
    """The keys of the messages that are sent again, and of those about what is over."""

    replayed: list[str]
    over: list[str]


BYTES = {"schema": {"type": "string", "format": "binary"}}
EXHIBITED: Responses = {
    200: {
        "description": "The whole of it",
        "content": dict.fromkeys(get_args(MediaType), BYTES),
    },
    206: {
        "description": "The part that was asked for",
        "content": dict.fromkeys(get_args(MediaType), BYTES),
    },
    416: {"description": "The part begins past the end; the body is empty"},
}
"""An exhibit's content, by its media type."""
