"""What happened to a tenant's incidents, as facts in their order, read back from its rows.

A finding is decided on a moment after it was seen: that moment is the audit row of what it did.
What a person asked for stands whole in the row of its change. Of what ended, the rows say when the
last signal fell silent, not when each did.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from auscult.kernel.errors import QueryUnknown
from auscult.kernel.facts import Acknowledged, Asked, Fact, Found, Released, Resolved
from auscult.notification.decide.wishes import PAGES

if TYPE_CHECKING:
    from auscult.kernel.alerts import Silence
    from auscult.kernel.findings import Finding
    from auscult.kernel.incidents import Incident
    from auscult.store import TenantRows
    from auscult.store.rows.audit import AuditRow

INCIDENTS_MAX = 10_000
AT_ONCE = 500
ROWS_MAX = 1_000
"""Findings, audit rows, messages of one incident, the newest of them: what the store gives."""

AUSCULT = "auscult"
SEEN = frozenset(f"incident.{kind}" for kind in ("opened", "joined", "worsened", "returned"))
QUIET = "incident.quiet"
_ASKED: TypeAdapter[Asked] = TypeAdapter(Asked)


@dataclass(frozen=True, slots=True)
class Deed:
    """One fact of the past: when it was decided on, and about which incident.

    `order` is its place among what happened in the same millisecond. No fact at all stands for
    "nothing of it fires any more".
    """

    at_ms: int
    order: int
    incident: str
    fact: Fact | None


@dataclass(frozen=True, slots=True)
class Recording:
    """The past of one tenant: its deeds, the pages they led to, by (message key, person).

    `opened_ms` says of each incident when it began.
    """

    deeds: tuple[Deed, ...]
    pages: frozenset[tuple[str, str]]
    opened_ms: dict[str, int]
    silences: "tuple[Silence, ...]" = ()


def read_recording(rows: "TenantRows", from_ms: int, to_ms: int) -> Recording:
    """Read the incidents that began from one instant to another, and what became of them till then.

    Raises `QueryUnknown` where there are more than `INCIDENTS_MAX`.
    """
    deeds: list[Deed] = []
    pages: set[tuple[str, str]] = set()
    opened_ms: dict[str, int] = {}
    for incident in _begun(rows, from_ms, to_ms):
        opened_ms[incident.id] = incident.opened_ms
        if len(opened_ms) > INCIDENTS_MAX:
            raise QueryUnknown(f"more than {INCIDENTS_MAX} incidents; ask for fewer days")
        written = rows.audit.of(incident.id, ROWS_MAX)
        deeds += deeds_of(incident, rows.findings.of(incident.id, ROWS_MAX), written)
        pages |= _pages_of(rows, incident.id, to_ms)
    past = sorted(
        (deed for deed in deeds if deed.at_ms <= to_ms), key=lambda one: (one.at_ms, one.order)
    )
    silences = tuple(rows.silences.ending_after(from_ms))
    return Recording(tuple(past), frozenset(pages), opened_ms, silences)


def deeds_of(
    incident: "Incident", findings: "Iterable[Finding]", written: "Iterable[AuditRow]"
) -> Iterator[Deed]:
    """Yield the facts of one incident, by its firing findings and its audit rows (oldest first)."""
    left = sorted(findings, key=lambda one: one.at_ms)
    first = 0
    for row in written:
        if row.action in SEEN:
            finding = _seen_at(row, left)
            if finding is not None:
                left.remove(finding)
                yield Deed(row.at_ms, row.seq, incident.id, Found(finding=finding))
            first = first or row.seq
        elif row.action == QUIET:
            yield Deed(row.at_ms, row.seq, incident.id, None)
        elif (asked := _asked(incident, row)) is not None:
            yield Deed(row.at_ms, row.seq, incident.id, asked)
    for finding in left:  # it changed nothing but the figures, or its row is lost
        at_ms = max(finding.at_ms, incident.opened_ms)
        yield Deed(at_ms, first, incident.id, Found(finding=finding))


def _seen_at(row: "AuditRow", findings: "list[Finding]") -> "Finding | None":
    """Return the finding whose word a row is: the last that was seen by then."""
    said = row.detail.get("sentence")
    mine = [one for one in findings if (one.seen_by, one.evidence.sentence) == (row.actor, said)]
    before = [one for one in mine if one.at_ms <= row.at_ms]
    return before[-1] if before else next(iter(mine), None)


def _asked(incident: "Incident", row: "AuditRow") -> Fact | None:
    """Return what a row says that a person asked for, or that the incident was over by itself."""
    if "fact" in row.detail:
        return _ASKED.validate_python(row.detail["fact"])
    about: dict[str, Any] = {
        "tenant": incident.tenant,
        "incident": incident.id,
        "by": row.actor[:200],
    }
    if row.action == "incident.resolved":
        return Resolved(**about)
    if row.actor == AUSCULT:
        return None
    if row.action == "incident.acknowledged":  # of before facts were kept
        return Acknowledged(**about)
    return Released(**about) if row.action == "incident.released" else None


def _begun(rows: "TenantRows", from_ms: int, to_ms: int) -> "Iterator[Incident]":
    place = (from_ms, "")
    while found := rows.incidents.begun(place, until_ms=to_ms, limit=AT_ONCE):
        yield from found
        place = (found[-1].opened_ms, found[-1].id)


def _pages_of(rows: "TenantRows", incident: str, to_ms: int) -> set[tuple[str, str]]:
    people: dict[str, list[str]] = {}
    for one in rows.pages.of(incident, ROWS_MAX):
        people.setdefault(one.key, []).append(one.person)
    effects = (row.effect for row in rows.effects.of(incident, ROWS_MAX))
    return {
        (effect.key, person)
        for effect in effects
        if effect.payload.get("kind") in PAGES and effect.due_ms <= to_ms
        for person in people.get(effect.key, [""])
    }
