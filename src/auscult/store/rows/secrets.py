"""Sealed secrets of one tenant: envelopes of the vault, unreadable here."""

from sqlalchemy import bindparam, delete, select

from auscult.store.slice import LIMIT_MAX, Slice, bounded
from auscult.store.statements import upsert
from auscult.store.tables import secrets

_C = secrets.c
_OWN = _C.tenant == bindparam("own")
_PUT = upsert(secrets, ("tenant", "name"), ("envelope",))
_GET = select(_C.envelope).where(_OWN, _C.name == bindparam("name"))
_REMOVE = delete(secrets).where(_OWN, _C.name == bindparam("name"))
_NAMES = select(_C.name).where(_OWN).order_by(_C.name).limit(LIMIT_MAX)


class SecretRows:
    """The sealed secrets of one tenant."""

    __slots__ = ("_slice",)

    def __init__(self, piece: Slice) -> None:
        """Take the tenant's slice of the transaction."""
        self._slice = piece

    def put(self, name: str, envelope: str) -> None:
        """Keep an envelope under a name, in place of the one before."""
        self._slice.run(_PUT, name=name, envelope=bounded(envelope))

    def get(self, name: str) -> str | None:
        """Return the envelope under a name."""
        found = self._slice.first(_GET, name=name)
        return None if found is None else str(found.envelope)

    def remove(self, name: str) -> bool:
        """Delete the envelope under a name; False when there is none."""
        return self._slice.run(_REMOVE, name=name).rowcount > 0

    def names(self) -> list[str]:
        """Return every name, sorted."""
        return [row.name for row in self._slice.rows(_NAMES)]
