"""Incidents of one tenant: one bounded row each, ordered by an integer, found by fingerprint."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, bindparam, delete, select
from sqlalchemy.sql import Select

from auscult.kernel.incidents import Incident, Status
from auscult.store.rows.listing import (
    COUNTS,
    IncidentFilter,
    list_incidents,
    read_place,
    write_cursor,
)
from auscult.store.slice import Slice, at_most, bounded, plain
from auscult.store.statements import UNIT, names, naming, upsert
from auscult.store.tables import UNRESOLVED, incident_fingerprints, incidents

BEGUN_MAX = 200
EVERYTHING = IncidentFilter()

_I = incidents.c
_F = incident_fingerprints.c
_OWN = _I.tenant == bindparam("own")
_GET = select(_I.body, _I.evidence).where(_OWN, _I.id == bindparam("id"))
_STATUSES = naming(lambda among: select(_I.id, _I.status).where(_OWN, among(_I.id, "some")))
_HOLDING = (
    select(_I.body, _I.evidence)
    .join(
        incident_fingerprints,
        (_F.tenant == _I.tenant) & (_F.incident == _I.id),
    )
    .where(_F.tenant == bindparam("own"), _F.fingerprint == bindparam("fingerprint"), UNRESOLVED)
)
_RECENT = (
    select(_I.body, _I.evidence)
    .where(_OWN, UNRESOLVED)
    .order_by(_I.updated_ms.desc(), _I.id.desc())
    .limit(bindparam("limit"))
)
_BEGUN = (
    select(_I.id, _I.body)
    .where(_OWN, _I.service == bindparam("service"), _I.opened_ms >= bindparam("since_ms"))
    .order_by(_I.opened_ms.desc())
    .limit(bindparam("limit"))
)
_BEGUN_IN = (
    select(_I.body, _I.evidence)
    .where(
        _OWN,
        _I.opened_ms >= bindparam("since_ms"),
        _I.opened_ms <= bindparam("until_ms"),
        (_I.opened_ms > bindparam("since_ms")) | (_I.id > bindparam("after")),
    )
    .order_by(_I.opened_ms, _I.id)
    .limit(bindparam("limit"))
)
_PUT = upsert(
    incidents,
    ("tenant", "id"),
    (
        *("status", "severity", "rank", "service", "headline", "updated_ms", "resolved_ms"),
        *("body", "evidence"),
    ),
    version=_I.version + 1,
).returning(_I.version)
_HELD = select(_F.fingerprint).where(
    _F.tenant == bindparam("own"), _F.incident == bindparam("incident")
)
_HOLD = upsert(incident_fingerprints, ("tenant", "fingerprint"), ("incident",))
_LET_GO = delete(incident_fingerprints).where(
    _F.tenant == bindparam("own"),
    _F.incident == bindparam("incident"),
    _F.fingerprint == bindparam("let_go"),
)
_WINDOW = {"at_ms", "value", "low", "high"}
"""The columns of the evidence, kept beside the incident: a list of incidents would be evidence by
nine tenths, and each row would lie on three pages of the file."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list, and the cursor of the next one (None on the last)."""

    incidents: list[Incident]
    next: str | None


@dataclass(frozen=True, slots=True)
class WrittenPage:
    """One page of a list as JSON: each incident without its evidence's window, as it is stored."""

    texts: list[str]
    next: str | None


class IncidentRows:
    """The incidents of one tenant."""

    __slots__ = ("_slice",)

    def __init__(self, piece: Slice) -> None:
        """Take the tenant's slice of the transaction."""
        self._slice = piece

    def get(self, incident_id: str) -> Incident | None:
        """Return an incident; None where this tenant has no such one."""
        found = self._slice.first(_GET, id=incident_id)
        return None if found is None else _read(found)

    def statuses(self, incident_ids: Iterable[str]) -> dict[str, Status]:
        """Return where those of the named incidents that are there stand, by id."""
        found = self._slice.rows(_STATUSES, some=names(incident_ids))
        return {row.id: Status(row.status) for row in found}

    def holding(self, fingerprint: str) -> Incident | None:
        """Return the unresolved incident that a finding's fingerprint belongs to."""
        found = self._read_prints(_HOLDING, fingerprint=fingerprint)
        return _read(found[0]) if found else None

    def recent(self, limit: int) -> list[Incident]:
        """Return unresolved incidents, the newest update first."""
        return [_read(row) for row in self._slice.rows(_RECENT, limit=at_most(limit))]

    def begun_since(self, incident: Incident, since_ms: int) -> int:
        """Return how often an incident and its like, about the same thing, began since a time.

        At most `BEGUN_MAX` incidents of its service are looked at, the newest of them.
        """
        service = plain(incident.strongest.subject.service)
        found = self._slice.rows(_BEGUN, service=service, since_ms=since_ms, limit=BEGUN_MAX)
        before = {row.id for row in found if json.loads(row.body)["key"] == incident.key}
        return len(before | {incident.id})

    def begun(self, after: tuple[int, str], *, until_ms: int, limit: int) -> list[Incident]:
        """Return incidents by when they began: those behind a place (time, id), up to a time."""
        since_ms, last = after
        found = self._slice.rows(
            _BEGUN_IN, since_ms=since_ms, after=last, until_ms=until_ms, limit=at_most(limit)
        )
        return [_read(row) for row in found]

    def put(self, incident: Incident) -> None:
        """Write an incident, new or changed; it holds its fingerprints until it is resolved."""
        self._slice.check_own(incident.tenant)
        written = self._slice.rows(
            _PUT,
            id=incident.id,
            status=incident.status.value,
            severity=incident.severity.value,
            rank=incident.rank,
            service=plain(incident.strongest.subject.service),
            headline=plain(incident.headline),
            opened_ms=incident.opened_ms,
            updated_ms=incident.updated_ms,
            resolved_ms=incident.resolved_ms,
            version=1,
            body=bounded(incident.model_dump_json(exclude={"strongest": {"evidence": _WINDOW}})),
            evidence=bounded(incident.strongest.evidence.model_dump_json(include=_WINDOW)),
        )
        self._hold(incident, is_new=written[0].version == 1)

    def written(self, incident_id: str) -> str | None:
        """Return an incident as JSON; None where this tenant has no such one."""
        found = self._slice.first(_GET, id=incident_id)
        if found is None:
            return None
        body: str = found.body
        # a quotation mark inside of a JSON text is escaped, so this stands nowhere else
        here = '"evidence":{'
        window = f"{found.evidence[1:-1]}," if found.evidence else ""
        return body.replace(here, here + window, 1)

    def page(self, wanted: IncidentFilter = EVERYTHING) -> Page:
        """Return a page: what needs a person first, then the worst, then the newest.

        Raises `QueryUnknown` for a state that is none, `BodyMalformed` for a foreign cursor.
        """
        texts, end = self._page(wanted, written=False)
        return Page([_whole(*text.split(UNIT)) for text in texts], end)

    def written_page(self, wanted: IncidentFilter = EVERYTHING) -> WrittenPage:
        """Return the same page as JSON; raises the same."""
        return WrittenPage(*self._page(wanted, written=True))

    def _page(self, wanted: IncidentFilter, *, written: bool) -> tuple[list[str], str | None]:
        query, values = list_incidents(wanted, written=written)
        found = [read_place(text) for text in self._slice.texts(query, **values)]
        shown = found[: at_most(wanted.limit)]
        more = len(found) > len(shown) > 0
        return [said for _, said in shown], write_cursor(shown[-1][0]) if more else None

    def counts(self) -> dict[str, int]:
        """Return how many incidents have each status; `COUNT_MAX` means that many or more."""
        found = self._slice.rows(COUNTS)[0]
        return {status.value: found[place] for place, status in enumerate(Status)}

    def _hold(self, incident: Incident, *, is_new: bool) -> None:
        known = () if is_new else self._read_prints(_HELD, incident=incident.id)
        held = {row.fingerprint for row in known}
        wanted = set() if incident.is_over else {one.fingerprint for one in incident.signals}
        for one in sorted(held - wanted):
            self._slice.later(incident_fingerprints, _LET_GO, let_go=one, incident=incident.id)
        for one in sorted(wanted - held):
            self._slice.later(incident_fingerprints, _HOLD, fingerprint=one, incident=incident.id)

    def _read_prints(self, query: Select[Any], **values: str) -> Sequence[Row[Any]]:
        self._slice.write(incident_fingerprints)
        return self._slice.rows(query, **values)


def _read(row: Row[Any]) -> Incident:
    return _whole(row.body, row.evidence)


def _whole(body: str, evidence: str) -> Incident:
    """Return an incident with its evidence's window, which is our own writing and not checked."""
    incident = Incident.model_validate_json(body)
    if not evidence:  # a row from before the window lay apart
        return incident
    window = {name: tuple(column) for name, column in json.loads(evidence).items()}
    strongest = incident.strongest
    whole = strongest.evidence.model_copy(update=window)
    changed = {"strongest": strongest.model_copy(update={"evidence": whole})}
    return incident.model_copy(update=changed)
