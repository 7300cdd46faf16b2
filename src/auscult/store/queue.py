"""What is due, across tenants, without payload: claimed by lease, lost with it, claimable again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Row, bindparam, func, literal_column, select, update
from sqlalchemy.sql import Executable

from auscult.kernel.words import TenantId
from auscult.store.statements import DISPATCHER
from auscult.store.tables import queue
from auscult.store.transaction import Transaction

CLAIM_MAX = 1_000
OVERDUE_MAX = 1_001

Kind = Literal["effect", "timer"]

_C = queue.c
_KIND = _C.kind == bindparam("of_kind")
_DUE = (
    select(_C.kind, _C.tenant, _C.key)
    .where(_KIND, _C.due_ms <= bindparam("now_ms"), _C.lease_until_ms <= bindparam("now_ms"))
    .order_by(_C.due_ms)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
    .cte("due")
)
_CLAIM = (
    update(queue)
    .where(_C.kind == _DUE.c.kind, _C.tenant == _DUE.c.tenant, _C.key == _DUE.c.key)
    .values(
        owner=bindparam("new_owner"),
        lease_until_ms=bindparam("lease_end_ms"),
        attempt=_C.attempt + 1,
    )
    .returning(_C.tenant, _C.key, _C.attempt, _C.due_ms)
)
_RELEASE = (
    update(queue)
    .where(_C.owner == bindparam("of_owner"), _C.lease_until_ms > 0)
    .values(lease_until_ms=0)
    .returning(_C.key)
)
_OVERDUE = select(func.count()).select_from(
    select(literal_column("1"))
    .where(_KIND, _C.due_ms < bindparam("before_ms"))
    .limit(OVERDUE_MAX)
    .subquery()
)
_NEXT_FREE = select(func.min(_C.due_ms)).where(_KIND, _C.lease_until_ms == 0)
_NEXT_LEASE = select(func.min(_C.lease_until_ms)).where(_KIND, _C.lease_until_ms > 0)


@dataclass(frozen=True, slots=True)
class Claim:
    """A turn that is ours until the lease ends; `attempt` counts from 1."""

    kind: Kind
    tenant: TenantId
    key: str
    attempt: int


class Queue:
    """The queue of every tenant's due effects and timers."""

    __slots__ = ("_transaction",)

    def __init__(self, transaction: Transaction) -> None:
        """Take the transaction to claim in."""
        self._transaction = transaction

    def claim(
        self, kind: Kind, *, owner: str, now_ms: int, limit: int, lease_ms: int
    ) -> list[Claim]:
        """Lease up to `limit` due rows that nobody holds, the longest due first.

        Two that claim at once get different rows; a lease that ended is claimable again.
        """
        values = {
            "of_kind": kind,
            "now_ms": now_ms,
            "limit": max(0, min(limit, CLAIM_MAX)),
            "new_owner": owner,
            "lease_end_ms": now_ms + max(lease_ms, 1),
        }
        found = self._rows(_CLAIM, values)
        return [
            Claim(kind, TenantId(row.tenant), row.key, row.attempt)
            for row in sorted(found, key=lambda row: (row.due_ms, row.tenant, row.key))
        ]

    def release(self, owner: str) -> None:
        """Give back every lease that an owner holds: an earlier start of it that was killed."""
        self._rows(_RELEASE, {"of_owner": owner})

    def overdue(self, kind: Kind, *, now_ms: int, grace_ms: int) -> int:
        """Return how many rows have been due for longer than the grace, `OVERDUE_MAX` at most."""
        values = {"of_kind": kind, "before_ms": now_ms - grace_ms}
        return int(self._rows(_OVERDUE, values)[0][0])

    def next_due(self, kind: Kind) -> int | None:
        """Return when the next row may be claimed: its time, or the end of its lease."""
        found = [
            self._rows(statement, {"of_kind": kind})[0][0]
            for statement in (_NEXT_FREE, _NEXT_LEASE)
        ]
        return min((int(at_ms) for at_ms in found if at_ms is not None), default=None)

    def _rows(self, statement: Executable, values: Mapping[str, object]) -> Sequence[Row[Any]]:
        self._transaction.later.write(queue.name)
        return self._transaction.rows(DISPATCHER, statement, values)
