"""Writes that nobody in the transaction waits for: gathered, and written many at a time.

On PostgreSQL a statement is a round trip, and a group commit of 256 facts would make thousands.
What only the next transaction reads (turns of the queue, findings, timers) is therefore kept until
somebody in this one reads its table, a savepoint begins, or the transaction commits.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from sqlalchemy.sql import Executable

from auscult.store.statements import Either, Hat

Rows = list[dict[str, Any]]


class Unwritten(Protocol):
    """Something that holds writes back."""

    def write(self) -> None:
        """Write what is held back."""

    def forget(self) -> None:
        """Drop what is held back: the savepoint it was made in is undone."""


@dataclass(slots=True)
class Later:
    """Rows held back, by table and hat, in the order they came."""

    run: Callable[[Hat, Executable | Either, Sequence[dict[str, Any]]], object]
    _held: dict[tuple[str, Hat], list[tuple[Executable | Either, Rows]]] = field(
        default_factory=dict
    )

    def add(
        self, table: str, hat: Hat, *, statement: Executable | Either, row: dict[str, Any]
    ) -> None:
        """Hold one row back."""
        batches = self._held.setdefault((table, hat), [])
        if batches and batches[-1][0] is statement:
            batches[-1][1].append(row)
        else:
            batches.append((statement, [row]))

    def write(self, table: str | None = None, hat: Hat | None = None) -> None:
        """Write what is held back for a table and a hat; for every one where none is given."""
        for place in list(self._held):
            if table in {None, place[0]} and hat in {None, place[1]}:
                for statement, rows in self._held.pop(place):
                    self.run(place[1], statement, rows)

    def forget(self) -> None:
        """Drop what is held back."""
        self._held.clear()
