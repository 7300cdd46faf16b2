"""A tenant's own rows of the queue: giving a turn, moving it, ending it."""

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import bindparam, delete, update

from auscult.store.slice import Slice
from auscult.store.statements import upsert
from auscult.store.tables import queue

Kind = Literal["effect", "timer", "group", "replica"]

_C = queue.c
_ONE = (
    _C.tenant == bindparam("own"),
    _C.kind == bindparam("of_kind"),
    _C.key == bindparam("of_key"),
)
_GIVE = upsert(
    queue,
    ("kind", "tenant", "key"),
    ("due_ms", "owner", "lease_until_ms", "attempt", "owed_since_ms"),
)
_MOVE = update(queue).where(*_ONE).values(due_ms=bindparam("due"), owner="", lease_until_ms=0)
_PUT_BACK = (
    update(queue)
    .where(*_ONE)
    .values(due_ms=bindparam("due"), owner="", lease_until_ms=0, attempt=_C.attempt - 1)
)
_END = delete(queue).where(*_ONE)


@dataclass(frozen=True, slots=True)
class Lease:
    """A claim made in the commit that queues: by whom, until when, and on how many rows at most."""

    owner: str
    until_ms: int
    most: int


class Turns:
    """The turns of one kind that one tenant's rows wait for."""

    __slots__ = ("_kind", "_slice")

    def __init__(self, piece: Slice, kind: Kind) -> None:
        """Take the tenant's slice of the transaction and whose turns these are."""
        self._slice = piece
        self._kind = kind

    def give(self, key: str, due_ms: int, lease: Lease | None = None) -> None:
        """Queue a key, anew where it is queued already; claimed at once under a lease."""
        self._slice.later(
            queue,
            _GIVE,
            kind=self._kind,
            key=key,
            due_ms=due_ms,
            owner=lease.owner if lease else "",
            lease_until_ms=lease.until_ms if lease else 0,
            attempt=1 if lease else 0,
            owed_since_ms=due_ms,
        )

    def move(self, key: str, due_ms: int) -> None:
        """Let go of a claim and wait for another time; it is owed since it was first due."""
        self._slice.later(queue, _MOVE, of_kind=self._kind, of_key=key, due=due_ms)

    def put_back(self, key: str, due_ms: int) -> None:
        """Do the same, and let the claim not count: it came to no attempt."""
        self._slice.later(queue, _PUT_BACK, of_kind=self._kind, of_key=key, due=due_ms)

    def end(self, key: str) -> None:
        """Take a key out of the queue."""
        self._slice.later(queue, _END, of_kind=self._kind, of_key=key)
