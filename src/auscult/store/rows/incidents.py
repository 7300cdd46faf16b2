"""Incidents of one tenant: one bounded row each, ordered by an integer, found by fingerprint."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, bindparam, delete, func, literal, literal_column, select, union_all
from sqlalchemy.sql import Select

from auscult.kernel.errors import QueryUnknown
from auscult.kernel.incidents import Incident, Status
from auscult.store.rows.cursors import read_cursor, write_cursor
from auscult.store.rows.slice import Slice, at_most, bounded, plain
from auscult.store.statements import upsert
from auscult.store.tables import UNRESOLVED, incident_fingerprints, incidents

COUNT_MAX = 1_001
"""Counting stops here: the page says "1,000+", and the count costs the same on any table."""

_I = incidents.c
_F = incident_fingerprints.c
_OWN = _I.tenant == bindparam("own")
_GET = select(_I.body).where(_OWN, _I.id == bindparam("id"))
_HOLDING = (
    select(_I.body)
    .join(
        incident_fingerprints,
        (_F.tenant == _I.tenant) & (_F.incident == _I.id),
    )
    .where(_F.tenant == bindparam("own"), _F.fingerprint == bindparam("fingerprint"), UNRESOLVED)
)
_RECENT = (
    select(_I.body)
    .where(_OWN, UNRESOLVED)
    .order_by(_I.updated_ms.desc(), _I.id.desc())
    .limit(bindparam("limit"))
)
_PUT = upsert(
    incidents,
    ("tenant", "id"),
    ("status", "severity", "rank", "service", "headline", "updated_ms", "resolved_ms", "body"),
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
_LIST = (
    select(_I.body, _I.rank, _I.opened_ms, _I.id)
    .where(_OWN, _I.rank >= bindparam("low"), _I.rank < bindparam("high"))
    .order_by(_I.rank, _I.opened_ms.desc(), _I.id.desc())
    .limit(bindparam("limit"))
)
_AFTER = (_I.rank > bindparam("low")) | (
    (_I.opened_ms < bindparam("opened_ms"))
    | ((_I.opened_ms == bindparam("opened_ms")) & (_I.id < bindparam("id")))
)
_RANKS = {
    **{status.value: (status.rank * 10, status.rank * 10 + 10) for status in Status},
    "unresolved": (0, Status.RESOLVED.rank * 10),
    "all": (0, 100),
}

_COUNTS = union_all(
    *(
        select(
            literal(status.value).label("status"),
            select(func.count())
            .select_from(
                select(literal_column("1"))
                .where(_OWN, _I.rank >= _RANKS[status.value][0], _I.rank < _RANKS[status.value][1])
                .limit(COUNT_MAX)
                .subquery()
            )
            .scalar_subquery()
            .label("n"),
        )
        for status in Status
    )
)


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list, and the cursor of the next one (None on the last)."""

    incidents: list[Incident]
    next: str | None


@dataclass(frozen=True, slots=True)
class WrittenPage:
    """One page of a list as it is stored: each incident's JSON, never read on the way."""

    bodies: list[str]
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
        return None if found is None else _read(found.body)

    def holding(self, fingerprint: str) -> Incident | None:
        """Return the unresolved incident that a finding's fingerprint belongs to."""
        found = self._read_prints(_HOLDING, fingerprint=fingerprint)
        return _read(found[0].body) if found else None

    def recent(self, limit: int) -> list[Incident]:
        """Return unresolved incidents, the newest update first."""
        return [_read(row.body) for row in self._slice.rows(_RECENT, limit=at_most(limit))]

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
            body=bounded(incident.model_dump_json()),
        )
        self._hold(incident, is_new=written[0].version == 1)

    def page(self, **wanted: Any) -> Page:  # noqa: ANN401  # the conditions of `written_page`
        """Return a page as words; see `written_page` for the conditions and what is raised."""
        page = self.written_page(**wanted)
        return Page([_read(body) for body in page.bodies], page.next)

    def written_page(  # noqa: PLR0913  # the conditions of one list, each by its name
        self,
        *,
        state: str | None = None,
        severity: str | None = None,
        service: str | None = None,
        text: str | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> WrittenPage:
        """Return a page: what needs a person first, then the worst, then the newest.

        `state` is `unresolved`, `all` (the default) or a status; `text` is looked for in the
        headline. Raises `QueryUnknown` for another state, `BodyMalformed` for a foreign cursor.
        """
        if (state or "all") not in _RANKS:
            raise QueryUnknown(f"state {state!r}; there are {', '.join(_RANKS)}")
        low, high = _RANKS[state or "all"]
        values: dict[str, object] = {"low": low, "high": high, "limit": at_most(limit) + 1}
        query = _narrow(_LIST, values, severity=severity, service=service, text=text)
        if cursor:
            rank, opened_ms, last = read_cursor(cursor)
            values |= {"low": max(low, rank), "opened_ms": opened_ms, "id": last}
            query = query.where(_AFTER) if rank >= low else query
        rows = self._slice.rows(query, **values)
        shown = rows[: at_most(limit)]
        more = len(rows) > len(shown) > 0
        end = write_cursor((shown[-1].rank, shown[-1].opened_ms, shown[-1].id)) if more else None
        return WrittenPage([row.body for row in shown], end)

    def counts(self) -> dict[str, int]:
        """Return how many incidents have each status; `COUNT_MAX` means that many or more."""
        return {row.status: row.n for row in self._slice.rows(_COUNTS)}

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


def _narrow(
    query: "Select[tuple[str, int, int, str]]",
    values: dict[str, object],
    **wanted: str | None,
) -> "Select[tuple[str, int, int, str]]":
    """Add a condition for each that is wanted, and its value."""
    for name in ("severity", "service"):
        if value := wanted[name]:
            query = query.where(_I[name] == bindparam(name))
            values[name] = plain(value)
    if text := wanted["text"]:
        pattern = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        found = func.lower(_I.headline).like(func.lower(bindparam("pattern")), escape="\\")
        query = query.where(found)
        values["pattern"] = f"%{plain(pattern)}%"
    return query


def _read(body: str) -> Incident:
    return Incident.model_validate_json(body)
