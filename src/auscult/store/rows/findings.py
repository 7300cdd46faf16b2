"""Findings of one tenant, kept with the incident they belong to."""

from sqlalchemy import bindparam, select

from auscult.kernel.findings import Finding
from auscult.store.slice import Slice, at_most, bounded
from auscult.store.statements import insert_new
from auscult.store.tables import findings

_C = findings.c
_ADD = insert_new(findings, ("tenant", "incident", "at_ms", "fingerprint"))
_OF = (
    select(_C.body)
    .where(_C.tenant == bindparam("own"), _C.incident == bindparam("incident"))
    .order_by(_C.at_ms.desc(), _C.fingerprint)
    .limit(bindparam("limit"))
)
_LAST = (
    select(_C.body)
    .where(
        _C.tenant == bindparam("own"),
        _C.incident == bindparam("incident"),
        _C.fingerprint == bindparam("fingerprint"),
    )
    .order_by(_C.at_ms.desc())
    .limit(1)
)


class FindingRows:
    """The findings of one tenant."""

    __slots__ = ("_slice",)

    def __init__(self, piece: Slice) -> None:
        """Take the tenant's slice of the transaction."""
        self._slice = piece

    def append(self, incident_id: str, finding: Finding) -> None:
        """Add a finding to an incident of this tenant; adding it again changes nothing.

        Raises `StateConflict`, by the commit at the latest, where this tenant has no such incident.
        """
        self._slice.later(
            findings,
            _ADD,
            incident=incident_id,
            at_ms=finding.at_ms,
            fingerprint=finding.fingerprint,
            body=bounded(finding.model_dump_json()),
        )

    def of(self, incident_id: str, limit: int = 100) -> list[Finding]:
        """Return an incident's findings, the newest first."""
        written = self.written_of(incident_id, limit)
        return [Finding.model_validate_json(text) for text in written]

    def last(self, incident_id: str, fingerprint: str) -> Finding | None:
        """Return the newest finding about one thing in an incident."""
        self._slice.write(findings)
        found = self._slice.first(_LAST, incident=incident_id, fingerprint=fingerprint)
        return None if found is None else Finding.model_validate_json(found.body)

    def written_of(self, incident_id: str, limit: int = 100) -> list[str]:
        """Return the same as JSON, as they are stored."""
        self._slice.write(findings)
        found = self._slice.rows(_OF, incident=incident_id, limit=at_most(limit))
        return [row.body for row in found]
