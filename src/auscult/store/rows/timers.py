"""Timers of one tenant: rows that any replica may claim when they are due."""

from collections.abc import Iterable

from sqlalchemy import bindparam, delete, select

from auscult.kernel.facts import Timer
from auscult.store.slice import Slice, bounded
from auscult.store.statements import names, naming, upsert
from auscult.store.tables import timers
from auscult.store.turns import Turns

_C = timers.c
_ONE = (_C.tenant == bindparam("own"), _C.key == bindparam("key"))
_SET = upsert(timers, ("tenant", "key"), ("about", "due_ms", "body"))
_GET = select(_C.body).where(*_ONE)
_SOME = naming(
    lambda among: select(_C.body).where(_C.tenant == bindparam("own"), among(_C.key, "some"))
)
_DELETE = delete(timers).where(*_ONE)


class TimerRows:
    """The timers of one tenant."""

    __slots__ = ("_slice", "_turns")

    def __init__(self, piece: Slice) -> None:
        """Take the tenant's slice of the transaction."""
        self._slice = piece
        self._turns = Turns(piece, "timer")

    def set(self, timer: Timer) -> None:
        """Write a timer and queue it; one of the same key is moved, its claim let go."""
        self._slice.check_own(timer.tenant)
        self._slice.later(
            timers,
            _SET,
            key=timer.key,
            about=timer.about,
            due_ms=timer.due_ms,
            body=bounded(timer.model_dump_json()),
        )
        self._turns.give(timer.key, timer.due_ms)

    def get(self, key: str) -> Timer | None:
        """Return a timer that has not been taken."""
        self._slice.write(timers)
        found = self._slice.first(_GET, key=key)
        return None if found is None else Timer.model_validate_json(found.body)

    def named(self, keys: Iterable[str]) -> list[Timer]:
        """Return those of the named timers that have not been taken, the first due first."""
        self._slice.write(timers)
        rows = self._slice.rows(_SOME, some=names(keys))
        found = [Timer.model_validate_json(row.body) for row in rows]
        return sorted(found, key=lambda timer: (timer.due_ms, timer.key))

    def cancel(self, key: str) -> bool:
        """Delete a timer; False when there is none."""
        self._turns.end(key)
        self._slice.write(timers)
        return self._slice.run(_DELETE, key=key).rowcount > 0

    def take(self, key: str, *, due_by_ms: int | None = None) -> Timer | None:
        """Return a timer and delete it: whoever takes it, rings it, and nobody else does.

        With `due_by_ms`, a timer that was moved beyond it in the meantime is left alone.
        """
        timer = self.get(key)
        if timer is None or (due_by_ms is not None and timer.due_ms > due_by_ms):
            return None
        return timer if self.cancel(key) else None
