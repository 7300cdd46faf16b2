"""What is due, across tenants, without payload: claimed by lease, lost with it, claimable again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy import Row, bindparam, func, literal_column, select, update
from sqlalchemy.sql import Executable

from auscult.kernel.words import TenantId
from auscult.store.statements import DISPATCHER
from auscult.store.tables import queue
from auscult.store.transaction import Transaction

CLAIM_MAX = 1_000
OVERDUE_MAX = 1_001

Kind = Literal["effect", "timer", "group"]

_C = queue.c
_KIND = _C.kind == bindparam("of_kind")
_FREE = (_C.due_ms <= bindparam("now_ms"), _C.lease_until_ms <= bindparam("now_ms"))


def _waiting() -> Executable:
    """Return the query for every tenant that something is due of, who waits longest first.

    It steps from tenant to tenant along the index, so that its cost is that of the tenants with
    anything queued, however much one of them has (a "loose index scan").
    """
    first = select(func.min(_C.tenant).label("tenant")).where(_KIND).cte("named", recursive=True)
    other = queue.alias("other")
    following = (
        select(func.min(other.c.tenant))
        .where(other.c.kind == bindparam("of_kind"), other.c.tenant > first.c.tenant)
        .scalar_subquery()
    )
    named = first.union_all(select(following).where(first.c.tenant.is_not(None)))
    oldest = (
        select(_C.due_ms)
        .where(_KIND, _C.tenant == named.c.tenant, *_FREE)
        .order_by(_C.due_ms)
        .limit(1)
        .scalar_subquery()
    )
    since = select(named.c.tenant, oldest.label("due_ms")).subquery()
    return (
        select(since.c.tenant)
        .where(since.c.due_ms.is_not(None))
        .order_by(since.c.due_ms, since.c.tenant)
        .limit(CLAIM_MAX)
    )


_WAITING = _waiting()
_DUE = (
    select(_C.kind, _C.tenant, _C.key)
    .where(_KIND, _C.tenant == bindparam("of_tenant"), *_FREE)
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
    .returning(_C.key, _C.attempt, _C.due_ms)
)
_RELEASE = (
    update(queue)
    .where(_C.owner == bindparam("of_owner"), _C.lease_until_ms > 0)
    .values(lease_until_ms=0)
    .returning(_C.key)
)
_OVERDUE = select(func.count()).select_from(
    select(literal_column("1"))
    .where(_KIND, _C.owed_since_ms < bindparam("before_ms"))
    .limit(OVERDUE_MAX)
    .subquery()
)
_UNCLAIMED = select(func.count()).select_from(
    select(literal_column("1"))
    .where(_KIND, _C.lease_until_ms == 0, _C.due_ms < bindparam("before_ms"))
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


@dataclass(frozen=True, slots=True)
class Room:
    """How much a worker can take on: `free` rows in all, no more than `each` of one tenant.

    `held` says how many each tenant has in its hands already. The less is free, the less one
    tenant may hold of it: a quarter of what is left, so that a few tenants whose receivers are
    dead never take the last place (Choudhury and Hahne, "Dynamic Queue Length Thresholds for
    Shared-Memory Packet Switches", 1998, for memory shared by the ports of a switch).
    """

    free: int
    each: int
    held: Mapping[TenantId, int] = field(default_factory=dict)

    def shares(self, tenants: Sequence[TenantId]) -> dict[TenantId, int]:
        """Return how many more each may have, dealt out one by one in the order given."""
        left = min(self.free, CLAIM_MAX)
        shares = dict.fromkeys(tenants, 0)
        was = -1
        while left > 0 and left != was:
            was = left
            for tenant in tenants:
                share = min(self.each, max(1, left // 4))
                if left > 0 and shares[tenant] + self.held.get(tenant, 0) < share:
                    shares[tenant] += 1
                    left -= 1
        return shares


class Queue:
    """The queue of every tenant's due effects and timers."""

    __slots__ = ("_transaction",)

    def __init__(self, transaction: Transaction) -> None:
        """Take the transaction to claim in."""
        self._transaction = transaction

    def claim(
        self, kind: Kind, *, owner: str, now_ms: int, room: Room, lease_ms: int
    ) -> list[Claim]:
        """Lease due rows that nobody holds, tenant by tenant, as the room allows.

        Of a tenant the longest due come first. However much one tenant has due, another's first
        row is claimed in the same transaction. Two that claim at once get different rows; a lease
        that ended is claimable again.
        """
        lease = {"new_owner": owner, "lease_end_ms": now_ms + max(lease_ms, 1)}
        due: dict[str, object] = {"of_kind": kind, "now_ms": now_ms}
        tenants = [TenantId(row.tenant) for row in self._rows(_WAITING, due)]
        claims: list[Claim] = []
        for tenant, limit in room.shares(tenants).items():
            if limit:
                wanted = due | lease | {"of_tenant": tenant, "limit": limit}
                rows = self._rows(_CLAIM, wanted)
                claims += [
                    Claim(kind, tenant, row.key, row.attempt)
                    for row in sorted(rows, key=lambda row: (row.due_ms, row.key))
                ]
        return claims

    def release(self, owner: str) -> None:
        """Give back every lease that an owner holds: an earlier start of it that was killed."""
        self._rows(_RELEASE, {"of_owner": owner})

    def overdue(self, kind: Kind, *, now_ms: int, grace_ms: int) -> int:
        """Return how many rows have been owed for longer than the grace, `OVERDUE_MAX` at most.

        A retry gives a row another turn, but it is owed since it was first due: what is attempted
        in vain counts like what nobody attempts.
        """
        values = {"of_kind": kind, "before_ms": now_ms - grace_ms}
        return int(self._rows(_OVERDUE, values)[0][0])

    def unclaimed(self, kind: Kind, *, now_ms: int, grace_ms: int) -> int:
        """Return how many rows nobody has claimed though they are due for longer than the grace.

        A receiver that fails makes none of these: its rows are claimed, and given another turn.
        """
        values = {"of_kind": kind, "before_ms": now_ms - grace_ms}
        return int(self._rows(_UNCLAIMED, values)[0][0])

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
