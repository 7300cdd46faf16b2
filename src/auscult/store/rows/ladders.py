"""Ladders of codecs that were advised for one tenant, and what came of each.

A ladder that is being worked on is `touch`ed every few seconds: one that was not for long is
nobody's, and whoever touches it next has it. `undo` is an envelope of the vault: how the ladder is
taken back, which nobody may read or forge who can only write to the database.
"""

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, delete, select, update

from auscult.store.slice import Slice, at_most, bounded
from auscult.store.statements import upsert
from auscult.store.tables import ladders

_C = ladders.c
_OWN = _C.tenant == bindparam("own")
_ONE = (_OWN, _C.id == bindparam("one"))
_COLUMNS = (_C.id, _C.state, _C.started_ms, _C.updated_ms, _C.body)
_PUT = upsert(ladders, ("tenant", "id"), ("state", "updated_ms", "body"))
_GET = select(*_COLUMNS).where(*_ONE)
_RECENT = (
    select(*_COLUMNS)
    .where(_OWN)
    .order_by(_C.started_ms.desc(), _C.id.desc())
    .limit(bindparam("limit"))
)
_SET_ADVICE = update(ladders).where(*_ONE).values(advice=bindparam("text"))
_ADVICE = select(_C.advice).where(*_ONE)
_SET_UNDO = update(ladders).where(*_ONE).values(undo=bindparam("text"))
_UNDO = select(_C.undo).where(*_ONE)
_TOUCH = (
    update(ladders)
    .where(*_ONE, _C.updated_ms == bindparam("seen"))
    .values(updated_ms=bindparam("now"))
)
_FORGET = delete(ladders).where(*_ONE)


@dataclass(frozen=True, slots=True)
class LadderRow:
    """One ladder: where it stands, and what may be told of it (`body`, one JSON object)."""

    id: str
    state: str
    started_ms: int
    updated_ms: int
    body: dict[str, Any]


class LadderRows:
    """The ladders of one tenant."""

    __slots__ = ("_slice",)

    def __init__(self, piece: Slice) -> None:
        """Take the tenant's slice of the transaction."""
        self._slice = piece

    def put(self, row: LadderRow) -> None:
        """Write a ladder, new or changed; its advice and its undo stay as they are."""
        self._slice.run(
            _PUT,
            id=row.id,
            state=row.state,
            started_ms=row.started_ms,
            updated_ms=row.updated_ms,
            body=bounded(json.dumps(row.body)),
        )

    def get(self, ladder_id: str) -> LadderRow | None:
        """Return a ladder; None where this tenant has no such one."""
        found = self._slice.first(_GET, one=ladder_id)
        return None if found is None else _read(found)

    def recent(self, limit: int) -> list[LadderRow]:
        """Return the last ladders, the newest first."""
        return [_read(row) for row in self._slice.rows(_RECENT, limit=at_most(limit))]

    def set_advice(self, ladder_id: str, text: str) -> None:
        """Keep the whole advice with its ladder, as JSON."""
        self._slice.run(_SET_ADVICE, one=ladder_id, text=bounded(text))

    def advice(self, ladder_id: str) -> str:
        """Return the whole advice as JSON; empty where there is none."""
        found = self._slice.first(_ADVICE, one=ladder_id)
        return "" if found is None else str(found.advice)

    def set_undo(self, ladder_id: str, envelope: str) -> None:
        """Keep how the ladder is taken back; empty once nothing is to be taken back."""
        self._slice.run(_SET_UNDO, one=ladder_id, text=bounded(envelope))

    def undo(self, ladder_id: str) -> str:
        """Return the envelope of how the ladder is taken back; empty where there is none."""
        found = self._slice.first(_UNDO, one=ladder_id)
        return "" if found is None else str(found.undo)

    def touch(self, ladder_id: str, *, seen_ms: int, now_ms: int) -> bool:
        """Say that it is being worked on; False where another was quicker since `seen_ms`."""
        return self._slice.run(_TOUCH, one=ladder_id, seen=seen_ms, now=now_ms).rowcount > 0

    def forget(self, kept: int) -> None:
        """Delete all but the last `kept` ladders, and those that still have an undo."""
        for row in self.recent(1_000)[kept:]:
            if not self.undo(row.id):
                self._slice.run(_FORGET, one=row.id)


def _read(row: Any) -> LadderRow:  # noqa: ANN401  # a row of `_COLUMNS`
    return LadderRow(row.id, row.state, row.started_ms, row.updated_ms, json.loads(row.body))
