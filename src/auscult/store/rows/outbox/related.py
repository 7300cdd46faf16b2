"""What is asked of all effects about one thing: bounded, however many there are."""

from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Row,
    Select,
    bindparam,
    func,
    literal_column,
    or_,
    select,
)
from sqlalchemy.sql import Executable

from auscult.kernel.effects import Effect, Result
from auscult.store.slice import LIMIT_MAX, Slice
from auscult.store.statements import Either, names, naming
from auscult.store.tables import effects

PENDING = "pending"
BODY_CHARS_REMEMBERED = 8_192

_C = effects.c
_OWN = _C.tenant == bindparam("own")


def _nth(*of: Column[str], is_last: bool = False) -> ColumnElement[int]:
    """Return the place of an effect among those that have the same columns `of`, by their time."""
    order = [one.desc() if is_last else one for one in (_C.due_ms, _C.key)]
    return func.row_number().over(partition_by=of, order_by=order)


def _firsts(*where: ColumnElement[bool], places: Sequence[ColumnElement[int]]) -> Select[Any]:
    """Return the query for the effects that are the first by one of some places."""
    numbered = [place.label(f"place{number}") for number, place in enumerate(places)]
    found = select(_C.key, *numbered).where(*where).subquery()
    _, *given = found.c
    return (
        select(_C.body)
        .join(found, _C.key == found.c.key)
        .where(_OWN, or_(*(place == 1 for place in given)))
        .order_by(_C.due_ms, _C.key)
        .limit(LIMIT_MAX)
    )


_SHARED = naming(
    lambda among: (
        select(_C.incident)
        .where(_OWN, among(_C.incident, "some"))
        .group_by(_C.incident)
        .having(func.count() > 1)
    )
)
_SOME_OF = (_OWN, _C.incident == bindparam("incident"))
_FIRST_TO_EACH = naming(
    lambda among: _firsts(
        *_SOME_OF,
        among(_C.says, "kinds"),
        _C.due_ms <= bindparam("by_ms"),
        places=[_nth(_C.channel)],
    )
)
_LEAVING = _firsts(
    *_SOME_OF,
    _C.state == Result.DONE.value,
    _C.left_by != "",
    places=[_nth(_C.channel, _C.left_by), _nth(_C.channel, _C.left_by, is_last=True)],
)
_BEFORE: Select[Any] = (
    select(literal_column("1"))
    .where(
        *_SOME_OF,
        literal_column("state = 'pending'"),
        _C.channel == bindparam("channel"),
        _C.due_ms < bindparam("due_ms"),
    )
    .limit(1)
)
_BESIDE = (*_SOME_OF, _C.channel == bindparam("channel"), _C.key != bindparam("key"))
_HEARD: Select[Any] = (
    select(literal_column("1"))
    .where(*_BESIDE, or_(_C.state != PENDING, _C.attempts > _C.in_vain))
    .limit(1)
)
_BEHIND = (
    select(_C.key)
    .where(*_BESIDE, _C.state == PENDING, _C.attempts == 0, _C.due_ms >= bindparam("due_ms"))
    .limit(LIMIT_MAX)
)


class RelatedEffects:
    """The effects of one tenant as those of its incidents and groups of alerts."""

    __slots__ = ("_slice",)

    def __init__(self, piece: Slice) -> None:
        """Take the tenant's slice of the transaction."""
        self._slice = piece

    def shared(self, incidents: Iterable[str]) -> set[str]:
        """Return which of these incidents have more than one effect."""
        return {row.incident for row in self._rows(_SHARED, some=names(incidents))}

    def first_to_each(
        self, incident_id: str, says: Collection[str], *, due_by_ms: int
    ) -> list[Effect]:
        """Return the first message to each channel that says one of these, of those due by then.

        However many effects an incident has, it has few channels.
        """
        found = self._rows(_FIRST_TO_EACH, incident=incident_id, kinds=names(says), by_ms=due_by_ms)
        return [read_effect(row.body) for row in found]

    def leaving(self, incident_id: str) -> list[Effect]:
        """Return messages that were sent and left something, in the order they became due.

        Of those to one channel that were sent by one channel, it is the first and the last.
        """
        return [read_effect(row.body) for row in self._rows(_LEAVING, incident=incident_id)]

    def is_behind(self, effect: Effect) -> bool:
        """Say whether an earlier message about the same to the same channel is not done yet."""
        before = self._first(
            _BEFORE, incident=effect.incident, channel=effect.to, due_ms=effect.due_ms
        )
        return before is not None

    def was_heard(self, effect: Effect) -> bool:
        """Say whether another message about the same may have reached the same channel."""
        values = {"incident": effect.incident, "channel": effect.to, "key": effect.key}
        return self._first(_HEARD, **values) is not None

    def waiting_behind(self, effect: Effect) -> list[str]:
        """Return the keys of messages about the same to the same channel that wait for this one."""
        found = self._rows(
            _BEHIND,
            incident=effect.incident,
            channel=effect.to,
            key=effect.key,
            due_ms=effect.due_ms,
        )
        return [row.key for row in found]

    def _rows(self, statement: Executable | Either, **values: Any) -> Sequence[Row[Any]]:  # noqa: ANN401
        """Fetch, with what was left for the commit."""
        self._slice.write(effects)
        return self._slice.rows(statement, **values)

    def _first(self, statement: Executable, **values: Any) -> Row[Any] | None:  # noqa: ANN401
        found = self._rows(statement, **values)
        return found[0] if found else None


def read_effect(body: str) -> Effect:
    """Return a wish as it was written."""
    read = _read_again if len(body) < BODY_CHARS_REMEMBERED else Effect.model_validate_json
    return read(body)


@lru_cache(maxsize=512)
def _read_again(body: str) -> Effect:
    """Remember what was read: a wish is looked at when it is claimed, and when it is settled."""
    return Effect.model_validate_json(body)
