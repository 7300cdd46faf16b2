"""Statements made once, when their module is read, and spelled for both databases."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Dialect,
    Select,
    Table,
    Text,
    bindparam,
    cast,
    func,
    select,
)
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


Among = Callable[[Column[str], str], ColumnElement[bool]]
"""Says that a column is one of the texts bound to a name, which `names` has made one value of."""


def naming(spell: Callable[[Among], Any]) -> Either:
    """Return a statement that asks for any number of names with one bound value.

    A list that is spelled out is compiled anew for each length, and a thousand values are bound.
    """
    return Either(spell(_among_sqlite), spell(_among_postgresql))


def names(given: Iterable[str]) -> str:
    """Return texts as the one value that a statement made by `naming` takes."""
    return json.dumps(list(given), separators=(",", ":"))


def _among_sqlite(column: Column[str], name: str) -> ColumnElement[bool]:
    given = func.json_each(bindparam(name)).table_valued("value")
    return column.in_(select(given.c.value))


def _among_postgresql(column: Column[str], name: str) -> ColumnElement[bool]:
    given = cast(bindparam(name, type_=Text), postgresql.JSONB)
    return column.in_(select(func.jsonb_array_elements_text(given)))


@lru_cache(maxsize=512)
def spelled_many(
    statement: Executable, given: tuple[str, ...], dialect: Dialect
) -> tuple[str, Callable[[Mapping[str, Any]], Any]]:
    """Return a statement's text, and what makes a row of `given` names the values it takes.

    For a driver that counts its values. SQLAlchemy would look at each value of each row; those of
    our columns are what the driver takes.
    """
    compiled: Any = statement.compile(dialect=dialect, column_keys=list(given))  # type: ignore[attr-defined]
    order, fixed = compiled.positiontup, compiled.params
    if len(order) > 1 and set(order) <= set(given):
        return str(compiled), itemgetter(*order)
    return str(compiled), lambda row: tuple(
        row[name] if name in row else fixed[name] for name in order
    )


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
