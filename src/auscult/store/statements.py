"""Statements made once, when their module is read, and spelled for both databases."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Select, Table, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql import Executable

Hat = tuple[str, str]
"""(role, tenant): under which a statement runs on PostgreSQL."""

RECORD, UNIT = "\x1e", "\x1f"
"""What parts texts, and the fields of a text, that are read in one row; no JSON contains them."""

APP_ROLE = "auscult_app"
DISPATCHER_ROLE = "auscult_dispatcher"
DISPATCHER: Hat = (DISPATCHER_ROLE, "")


@dataclass(frozen=True, slots=True)
class Either:
    """One statement that the two databases spell with classes of their own (upserts)."""

    sqlite: Any
    postgresql: Any

    def returning(self, *columns: Column[Any]) -> "Either":
        """Return the statement that yields these columns of the rows it wrote."""
        return Either(self.sqlite.returning(*columns), self.postgresql.returning(*columns))

    def on(self, kind: str) -> Executable:
        """Return the statement as that database spells it."""
        spelled: Executable = self.sqlite if kind == "sqlite" else self.postgresql
        return spelled


def in_one_row(texts: Select[Any]) -> Either:
    """Return the statement that reads texts, in their order, as one row parted by `RECORD`.

    SQLite's driver lets go of the interpreter before every row. While other threads want it, to
    get it back costs more than the row: fifty rows under load were fifty waits.
    """
    (text,) = texts.subquery().c
    return Either(select(func.group_concat(text, RECORD)), select(func.string_agg(text, RECORD)))


def insert_new(table: Table, keys: Sequence[str]) -> Either:
    """Return an insert that does nothing where `keys` exist already."""

    def spell(insert: Callable[[Table], Any]) -> object:
        return insert(table).on_conflict_do_nothing(index_elements=list(keys))

    return Either(spell(sqlite.insert), spell(postgresql.insert))


def upsert(table: Table, keys: Sequence[str], change: Sequence[str], **more: Any) -> Either:  # noqa: ANN401
    """Return an insert that, where `keys` exist, sets `change` and the expressions `more`."""

    def spell(insert: Callable[[Table], Any]) -> object:
        wish = insert(table)
        new = {**{name: wish.excluded[name] for name in change}, **more}
        return wish.on_conflict_do_update(index_elements=list(keys), set_=new)

    return Either(spell(sqlite.insert), spell(postgresql.insert))
