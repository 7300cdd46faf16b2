"""Player events as JSON: their schema, and a batch of them as columns.

The ids of listeners and sessions become pseudonyms on the way into the columns, and are kept
nowhere else.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from auscult.kernel.errors import BodyMalformed, BodyTooLarge
from auscult.kernel.telemetry import PlayerColumns, PlayerEventKind
from auscult.kernel.telemetry.players import DIMENSIONS
from auscult.signals.plain_json import read_json

EVENTS_MAX = 5_000
BODY_BYTES_MAX = 4 << 20
REASONS_MAX = 20
"""Refused events of a batch of which it is said why; of all further ones only that they were."""

LATE_MS_MAX = 86_400_000
AHEAD_MS_MAX = 600_000
"""An event of another time than this counts as of now: players' clocks are what they are."""

_DAY_MS = 86_400_000.0
_KBPS_MAX = 1_000_000.0
_WORD_DIGITS = 16

Id = Annotated[str, Field(max_length=128)]
Label = Annotated[str, Field(max_length=64, pattern=r"^[^\x00-\x1f\x7f]*$")]
Milliseconds = Annotated[float, Field(ge=0, le=_DAY_MS, allow_inf_nan=False)]
Kbps = Annotated[float, Field(ge=0, le=_KBPS_MAX, allow_inf_nan=False)]
Pseudonym = Callable[[str], str]
"""Gives an id's pseudonym, `p_` and hexadecimal digits (`vault.pseudonym`)."""


class EventName(StrEnum):
    """What happened; the names on the wire."""

    STARTUP = "startup"
    STALL = "stall"
    SWITCH = "switch"
    FAILURE = "failure"
    END = "end"


class PlayerEvent(BaseModel):
    """One event.

    startup: sound began, `lasted_ms` after it was asked for. stall: it stopped for `lasted_ms`.
    switch: the player changed to `bitrate_kbps`. failure: playback failed. end: it was over after
    `lasted_ms` of sound; 0 is an exit before the start.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    event: EventName
    at_ms: Annotated[int, Field(ge=0, le=2**62)] | None = None
    listener: Id = ""
    session: Id = ""
    lasted_ms: Milliseconds | None = None
    bitrate_kbps: Kbps | None = None
    programme: Label = ""
    region: Label = ""
    edge: Label = ""
    device: Label = ""
    app_version: Label = ""


@dataclass(frozen=True, slots=True)
class ReadEvents:
    """The events of a batch that were taken, and of some that were not the place and why."""

    events: PlayerColumns
    rejected: int
    reasons: tuple[tuple[int, str], ...]


def read_events(body: bytes, *, pseudonym: Pseudonym, now_ms: int) -> ReadEvents:
    """Return a batch `{"events": [...]}` of at most `EVENTS_MAX`; a bad event loses no other.

    Raises `BodyMalformed` with the place of the fault, `BodyTooLarge`.
    """
    good: list[PlayerEvent] = []
    reasons: list[tuple[int, str]] = []
    rejected = 0
    for place, one in enumerate(_open(body)):
        try:
            good.append(PlayerEvent.model_validate(one))
        except ValidationError as wrong:
            rejected += 1
            if len(reasons) < REASONS_MAX:
                first = wrong.errors()[0]
                path = ".".join(str(part)[:40] for part in first["loc"])
                reasons.append((place, f"{path}: {first['msg']}" if path else first["msg"]))
    return ReadEvents(_columns(good, pseudonym, now_ms), rejected, tuple(reasons))


def _open(body: bytes) -> list[Any]:
    tree = read_json(body, most_bytes=BODY_BYTES_MAX)
    events = tree.get("events") if isinstance(tree, dict) and len(tree) == 1 else None
    if not isinstance(events, list):
        raise BodyMalformed('{"events": [...]} is expected', position=0)
    if len(events) > EVENTS_MAX:
        raise BodyTooLarge(f"{len(events)} events; the limit is {EVENTS_MAX}")
    return events


def _columns(events: Sequence[PlayerEvent], pseudonym: Pseudonym, now_ms: int) -> PlayerColumns:
    texts = {"": 0}
    place = [
        [texts.setdefault(getattr(one, name), len(texts)) for name in DIMENSIONS] for one in events
    ]
    at_ms = np.array([now_ms if one.at_ms is None else one.at_ms for one in events], dtype=np.int64)
    off = (at_ms < now_ms - LATE_MS_MAX) | (at_ms > now_ms + AHEAD_MS_MAX)
    return PlayerColumns(
        np.where(off, now_ms, at_ms),
        np.array([PlayerEventKind[one.event.name] for one in events], dtype=np.int8),
        _words([one.listener for one in events], pseudonym),
        _words([one.session and f"session {one.session}" for one in events], pseudonym),
        _numbers([one.lasted_ms for one in events]),
        _numbers([one.bitrate_kbps for one in events]),
        np.array(place, dtype=np.int32).reshape(-1, len(DIMENSIONS)),
        tuple(texts),
    )


def _words(ids: Sequence[str], pseudonym: Pseudonym) -> NDArray[np.uint64]:
    """Return the beginning of each id's pseudonym as a number: uint64[n], 0 for none."""
    numbers = {one: int(pseudonym(one)[2 : 2 + _WORD_DIGITS], 16) for one in {*ids} if one}
    return np.array([numbers.get(one, 0) for one in ids], dtype=np.uint64)


def _numbers(values: Sequence[float | None]) -> NDArray[np.float64]:
    return np.array([math.nan if one is None else one for one in values], dtype=np.float64)
