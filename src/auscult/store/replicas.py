"""Which replicas share a database, and when each was heard of last.

A replica's row is a turn of the queue that nobody claims: its time is when the replica wrote it,
by its own clock. Clocks differ, so whoever looks compares a row with what it was, not with a clock.
"""

from sqlalchemy import select

from auscult.kernel.words import PLATFORM
from auscult.store.slice import Slice
from auscult.store.statements import DISPATCHER
from auscult.store.tables import queue
from auscult.store.transaction import Transaction
from auscult.store.turns import Turns

REPLICAS_MAX = 1_000
LEFT = "(left)"
"""Under this name stands when a replica took leave last."""

_C = queue.c
_ALL = (
    select(_C.key, _C.due_ms)
    .where(_C.kind == "replica", _C.tenant == PLATFORM)
    .order_by(_C.key)
    .limit(REPLICAS_MAX)
)


class Replicas:
    """The roll of the replicas."""

    __slots__ = ("_transaction", "_turns")

    def __init__(self, transaction: Transaction) -> None:
        """Take the transaction to look in."""
        self._transaction = transaction
        self._turns = Turns(Slice(transaction, PLATFORM), "replica")

    def answer(self, owner: str, at_ms: int) -> None:
        """Write down that a replica lives."""
        self._turns.give(owner, at_ms)

    def heard(self) -> dict[str, int]:
        """Return when each replica wrote that it lives, by its own clock."""
        return {owner: at_ms for owner, at_ms in self._all().items() if owner != LEFT}

    def last(self) -> int | None:
        """Return when any replica lived last, by its own clock; None where none ever did."""
        return max(self._all().values(), default=None)

    def leave(self, owner: str, at_ms: int) -> None:
        """Take leave of the others, who would miss this replica otherwise."""
        self.strike(owner)
        self._turns.give(LEFT, at_ms)

    def strike(self, owner: str) -> None:
        """Forget a replica."""
        self._turns.end(owner)

    def _all(self) -> dict[str, int]:
        self._transaction.later.write(queue.name)
        found = self._transaction.rows(DISPATCHER, _ALL, {})
        return {row.key: row.due_ms for row in found}
