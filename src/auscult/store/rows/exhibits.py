"""Exhibits of one tenant: the sounds and pictures that findings brought, kept with the incident."""

from typing import NamedTuple

from sqlalchemy import bindparam, func, select

from auscult.kernel.findings import Finding
from auscult.store.slice import Slice, plain
from auscult.store.statements import insert_new
from auscult.store.tables import exhibits

OF_INCIDENT_MAX = 24
"""Exhibits kept with one incident; what comes later adds little to what was heard at first."""

_C = exhibits.c
_OF = (_C.tenant == bindparam("own"), _C.incident == bindparam("incident"))
_ADD = insert_new(exhibits, ("tenant", "incident", "id"))
_COUNT = select(func.count()).select_from(exhibits).where(*_OF)
_GET = select(_C.media_type, _C.body).where(*_OF, _C.id == bindparam("id"))
_LIST = (
    select(_C.id, _C.at_ms, _C.signal, _C.title, _C.media_type)
    .where(*_OF)
    .order_by(_C.at_ms, _C.media_type, _C.id)
)


class Listed(NamedTuple):
    """An exhibit as it is told of: when it was heard or seen, and for which signal."""

    id: str
    at_ms: int
    signal: str
    title: str
    media_type: str


class Shown(NamedTuple):
    """An exhibit as it is sent to a person."""

    media_type: str
    body: bytes


class ExhibitRows:
    """The exhibits of one tenant."""

    __slots__ = ("_slice",)

    def __init__(self, piece: Slice) -> None:
        """Take the tenant's slice of the transaction."""
        self._slice = piece

    def add(self, incident_id: str, finding: Finding) -> None:
        """Keep a finding's exhibits with an incident of this tenant, as far as there is room.

        Raises `StateConflict` where this tenant has no such incident.
        """
        whole = [one for one in finding.evidence.exhibits if one.body]
        if not whole:
            return
        (kept,) = self._slice.rows(_COUNT, incident=incident_id)[0]
        rows = [
            {
                "incident": incident_id,
                "id": one.id,
                "at_ms": finding.at_ms,
                "signal": plain(finding.signal),
                "title": plain(one.title),
                "media_type": one.media_type,
                "body": one.body,
            }
            for one in whole[: max(0, OF_INCIDENT_MAX - kept)]
        ]
        self._slice.run_many(_ADD, rows)

    def get(self, incident_id: str, exhibit_id: str) -> Shown | None:
        """Return one exhibit of an incident; None where this tenant has no such one."""
        found = self._slice.first(_GET, incident=incident_id, id=exhibit_id)
        return None if found is None else Shown(found.media_type, bytes(found.body))

    def of(self, incident_id: str) -> list[Listed]:
        """Return which exhibits of an incident are kept, the oldest first."""
        return [Listed._make(row) for row in self._slice.rows(_LIST, incident=incident_id)]
