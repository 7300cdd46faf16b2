"""API keys of one tenant: keyed hashes only; the key itself is never stored."""

from dataclasses import dataclass

from sqlalchemy import bindparam, insert, select, update

from auscult.store.slice import LIMIT_MAX, Slice
from auscult.store.tables import credentials

_C = credentials.c
_OWN = _C.tenant == bindparam("own")
_ADD = insert(credentials)
_REVOKE = (
    update(credentials)
    .where(_OWN, _C.key_id == bindparam("of_key_id"), _C.revoked_ms.is_(None))
    .values(revoked_ms=bindparam("now_ms"))
)
_LIST = (
    select(_C.key_id, _C.role, _C.added_ms, _C.revoked_ms, _C.name)
    .where(_OWN)
    .order_by(_C.added_ms, _C.key_id)
    .limit(LIMIT_MAX)
)


@dataclass(frozen=True, slots=True)
class KeyRow:
    """What may be shown of an API key; `revoked_ms` is None while it is valid.

    `name` is the person who has it, empty where nobody was named.
    """

    key_id: str
    role: str
    added_ms: int
    revoked_ms: int | None
    name: str = ""


class KeyRows:
    """The API keys of one tenant."""

    __slots__ = ("_slice",)

    def __init__(self, piece: Slice) -> None:
        """Take the tenant's slice of the transaction."""
        self._slice = piece

    def add(self, key_hash: str, key_id: str, *, role: str, now_ms: int, name: str = "") -> None:
        """Let a key in; raises `StateConflict` when its hash or id is taken."""
        self._slice.run(
            _ADD,
            key_hash=key_hash,
            key_id=key_id,
            role=role,
            added_ms=now_ms,
            revoked_ms=None,
            name=name,
        )

    def revoke(self, key_id: str, now_ms: int) -> bool:
        """Refuse a key from now on; False when there is no such valid key."""
        return self._slice.run(_REVOKE, of_key_id=key_id, now_ms=now_ms).rowcount > 0

    def list(self) -> "list[KeyRow]":
        """Return every key, valid or revoked, in the order they were added."""
        return [
            KeyRow(row.key_id, row.role, row.added_ms, row.revoked_ms, row.name)
            for row in self._slice.rows(_LIST)
        ]
