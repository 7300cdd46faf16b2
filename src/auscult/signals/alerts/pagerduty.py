"""What is sent to PagerDuty's Events API v2, read as PagerDuty reads it, and as an alert.

An event names a problem by its `dedup_key`: one that triggers opens it, or is one more word about
it while it is open; `acknowledge` and `resolve` need nothing but the key. Nothing ends by itself.
Source: PagerDuty's "Events API v2 Overview" and "PD-CEF"; the words of what is wrong are theirs.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from auscult.kernel.alerts import Alert, fingerprints
from auscult.kernel.errors import BodyMalformed
from auscult.kernel.times import DAY_MS
from auscult.kernel.words import Labels

EVENT_BYTES_MAX = 512_000
KEY_CHARS_MAX, DEDUP_CHARS_MAX = 255, 255
SUMMARY_CHARS_MAX, WORD_CHARS_MAX = 1_024, 1_024
DETAIL_CHARS_MAX = 65_536
ATTACHED_MAX = 100
ERRORS_SAID = 20
HOLD_MS = 30 * DAY_MS
"""An event has no end: it is held until it resolves. Longer than this without a word nobody who
sends it is there any more; each further trigger begins the time anew."""

ZERO_YEAR = 1


def _shortened(value: object, chars: int) -> object:
    return value[:chars] if isinstance(value, str) else value


_Said = StringConstraints(strip_whitespace=True, min_length=1)
Summary = Annotated[str, _Said, BeforeValidator(lambda one: _shortened(one, SUMMARY_CHARS_MAX))]
Source = Annotated[str, _Said, BeforeValidator(lambda one: _shortened(one, WORD_CHARS_MAX))]
MaybeSaid = Annotated[
    str | None, BeforeValidator(lambda one: _shortened(one, WORD_CHARS_MAX)), Field(default=None)
]
"""What is longer is cut, not refused: a page is worth more than the end of its text."""


class Action(StrEnum):
    """What an event does to what its key names."""

    TRIGGER = "trigger"
    ACKNOWLEDGE = "acknowledge"
    RESOLVE = "resolve"


class Link(BaseModel):
    """Where more is to be read."""

    model_config = ConfigDict(frozen=True)

    href: str
    text: str | None = None


class Image(BaseModel):
    """A picture by its address."""

    model_config = ConfigDict(frozen=True)

    src: str
    href: str | None = None
    alt: str | None = None


class Payload(BaseModel):
    """What is wrong, where, how bad, since when."""

    model_config = ConfigDict(frozen=True)

    summary: Summary
    source: Source
    severity: Literal["critical", "error", "warning", "info"]
    timestamp: datetime | None = None
    component: MaybeSaid
    group: MaybeSaid
    kind: Annotated[MaybeSaid, Field(alias="class")]
    custom_details: Any = None


class Event(BaseModel):
    """One event; `dedup_key` may be empty where it triggers: whoever takes it in makes one."""

    model_config = ConfigDict(frozen=True)

    routing_key: Annotated[str, Field(min_length=1, max_length=KEY_CHARS_MAX, repr=False)]
    event_action: Action
    dedup_key: Annotated[
        str, Field(max_length=DEDUP_CHARS_MAX), BeforeValidator(lambda one: one or "")
    ] = ""
    payload: Payload | None = None
    links: Annotated[tuple[Link, ...] | None, Field(max_length=ATTACHED_MAX)] = None
    images: Annotated[tuple[Image, ...] | None, Field(max_length=ATTACHED_MAX)] = None
    client: MaybeSaid
    client_url: MaybeSaid

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.event_action is Action.TRIGGER:
            if self.payload is None:
                raise ValueError("'payload' is missing or blank")
        elif not self.dedup_key:
            raise ValueError("'dedup_key' is missing or blank")
        return self

    @property
    def place(self) -> str:
        """Under which key the alerts of this event lie; it cannot be one of an inhibition's."""
        return f"pagerduty:{hashlib.sha256(self.dedup_key.encode()).hexdigest()}"

    def as_alert(self, now_ms: int) -> Alert:
        """Return what a trigger says as an alert that fires; raises ValueError for another."""
        if self.payload is None:
            raise ValueError(f"{self.event_action}: only a trigger says what is wrong")
        labels = _labels(self.payload, self.dedup_key)
        return Alert(
            fingerprint=fingerprints([labels])[0],
            labels=labels,
            annotations=self._annotations(self.payload),
            starts_ms=_began_ms(self.payload.timestamp, now_ms),
            ends_ms=now_ms + HOLD_MS,
            updated_ms=now_ms,
            generator_url=self.client_url or (self.links[0].href if self.links else ""),
            is_timed=True,
        )

    def _annotations(self, payload: Payload) -> Labels:
        said = {
            "summary": payload.summary,
            "custom_details": _as_text(payload.custom_details),
            "client": self.client or "",
            "client_url": self.client_url or "",
            "links": _as_text([one.model_dump(exclude_none=True) for one in self.links or ()]),
            "images": _as_text([one.model_dump(exclude_none=True) for one in self.images or ()]),
        }
        return tuple(sorted((name, text) for name, text in said.items() if text))


def read_event(body: bytes) -> Event:
    """Read a body; raises `BodyMalformed`, whose `faults` are what is wrong, in their words."""
    try:
        return Event.model_validate_json(body)
    except ValidationError as why:
        wrong = why.errors(include_url=False, include_context=False)
        faults = tuple(dict.fromkeys(map(_fault, wrong)))[:ERRORS_SAID]
        raise BodyMalformed("; ".join(faults), faults=faults) from None


def _labels(payload: Payload, dedup_key: str) -> Labels:
    """Return by what an event is routed, grouped and silenced.

    `service` is the component that is ill, or the group or the machine where none is named; the
    key is a label because two problems may be described in the same words.
    """
    said = {
        "alertname": payload.kind or payload.summary,
        "severity": payload.severity,
        "service": payload.component or payload.group or payload.source,
        "instance": payload.source,
        "component": payload.component or "",
        "group": payload.group or "",
        "class": payload.kind or "",
        "dedup_key": dedup_key,
    }
    return tuple(sorted((name, value) for name, value in said.items() if value))


def _began_ms(stamp: datetime | None, now_ms: int) -> int:
    """Return since when it is wrong; now where that is not said, or lies ahead."""
    if stamp is None or stamp.year == ZERO_YEAR:
        return now_ms
    return min(
        now_ms, int((stamp if stamp.tzinfo else stamp.replace(tzinfo=UTC)).timestamp() * 1e3)
    )


def _as_text(given: object) -> str:
    if not given:
        return ""
    text = given if isinstance(given, str) else json.dumps(given, ensure_ascii=False)
    return text if len(text) <= DETAIL_CHARS_MAX else f"{text[: DETAIL_CHARS_MAX - 1]}…"


def _fault(wrong: Mapping[str, Any]) -> str:
    """Return one of pydantic's errors as PagerDuty would say it."""
    where = ".".join(str(part) for part in wrong["loc"])
    if not where:
        return str(wrong["msg"]).removeprefix("Value error, ")
    if wrong["type"] in {"missing", "string_too_short"}:
        return f"'{where}' is missing or blank"
    return f"'{where}' is invalid: {wrong['msg']}"
