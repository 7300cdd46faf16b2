"""A body of `POST /api/v2/alerts`, read as Alertmanager reads it: what is valid of it is taken."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from itertools import chain
from typing import Annotated, Any, TypeVar

from msgspec import DecodeError, Meta, Struct
from msgspec.json import Decoder, schema

from auscult.kernel.alerts import Alert, fingerprints
from auscult.kernel.errors import BodyMalformed
from auscult.kernel.words import Labels

ALERTS_MAX = 50_000
LABELS_MAX, LABEL_BYTES_MAX = 4_096, 65_536
ERRORS_SAID = 20
P = TypeVar("P")

ZERO_YEAR = 1
"""Go writes a time that was never set as the year 1."""

_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


SPELLED = {"starts_at": "startsAt", "ends_at": "endsAt", "generator_url": "generatorURL"}


class Postable(Struct, gc=False, rename=SPELLED):
    """One alert as senders write it."""

    labels: dict[str, str | None] = {}
    annotations: dict[str, str | None] | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    generator_url: str | None = None


_KIND = Annotated[list[Postable], Meta(max_length=ALERTS_MAX)]
_BODY = Decoder(_KIND)
SCHEMA: dict[str, Any] = schema(_KIND)
"""What a body should be, as JSON Schema says it."""


@dataclass(frozen=True, slots=True)
class Posted:
    """What a body held: the alerts that are valid, and what is wrong with each of the others."""

    alerts: tuple[Alert, ...]
    wrong: tuple[str, ...]


def read_posted(body: bytes, *, now_ms: int, resolve_timeout_ms: int) -> Posted:
    """Read a body; raises `BodyMalformed` where it is not a list of alerts at all."""
    given = parse(_BODY, body)
    return take_valid(given, now_ms=now_ms, hold_ms=resolve_timeout_ms)


def parse(kind: "Decoder[P]", body: bytes) -> P:
    """Return JSON as it should be; raises `BodyMalformed` with the first place where it is not."""
    try:
        return kind.decode(body)
    except (DecodeError, UnicodeDecodeError, RecursionError) as why:
        raise BodyMalformed(str(why)) from None


def take_valid(given: Iterable[Postable], *, now_ms: int, hold_ms: int) -> Posted:
    """Return the valid ones as alerts; one without an end is held for so long."""
    wrong: list[str] = []
    labels, kept = [], []
    for one in given:
        own = _pairs(one.labels)
        if refusal := _refusal(own, one):
            wrong.append(refusal)
        else:
            labels.append(own)
            kept.append(one)
    alerts = [
        _alert(one, name, own, now_ms=now_ms, timeout_ms=hold_ms)
        for one, name, own in zip(kept, fingerprints(labels), labels, strict=True)
    ]
    return Posted(tuple(alerts), tuple(wrong))


def said_wrong(wrong: Sequence[str]) -> str:
    """Return what is wrong with the alerts that were not taken, in one bounded line."""
    more = f"; and {len(wrong) - ERRORS_SAID} more" if len(wrong) > ERRORS_SAID else ""
    return "; ".join(wrong[:ERRORS_SAID]) + more


@lru_cache(maxsize=4_096)
def is_label_name(name: str) -> bool:
    """Say whether Prometheus takes a text for a label's name."""
    return _NAME.fullmatch(name) is not None


def _pairs(given: dict[str, str | None]) -> Labels:
    """Return pairs in the order of their names, without those that say nothing."""
    pairs = given.items() if all(given.values()) else (pair for pair in given.items() if pair[1])
    return tuple(sorted(pairs))  # type: ignore[arg-type]  # none of them is None


def _refusal(labels: Labels, one: Postable) -> str:
    """Return why an alert is not valid; empty where it is."""
    if not labels:
        return "at least one label pair required"
    if len(labels) > LABELS_MAX:
        return f"{len(labels)} labels; at most {LABELS_MAX}"
    for name, _ in labels:
        if not is_label_name(name):
            return f"invalid label set: invalid name {name[:80]!r}"
    if sum(map(len, chain.from_iterable(labels))) > LABEL_BYTES_MAX:
        return f"labels of more than {LABEL_BYTES_MAX} characters"
    ends_ms = ms_of(one.ends_at)
    if one.starts_at and ends_ms and ends_ms < ms_of(one.starts_at):
        return "start time must be before end time"
    return ""


def _alert(one: Postable, name: str, labels: Labels, *, now_ms: int, timeout_ms: int) -> Alert:
    ends_ms = ms_of(one.ends_at)
    starts_ms = ms_of(one.starts_at) or ends_ms or now_ms
    return Alert(
        fingerprint=name,
        labels=labels,
        annotations=_pairs(one.annotations or {}),
        starts_ms=starts_ms,
        ends_ms=ends_ms or now_ms + timeout_ms,
        updated_ms=now_ms,
        generator_url=one.generator_url or "",
        is_timed=not ends_ms,
    )


def ms_of(at: datetime | None) -> int:
    """Return an instant in Unix milliseconds, of UTC where it has no zone; 0 for an unset one."""
    if at is None or at.year == ZERO_YEAR:
        return 0
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1_000)
