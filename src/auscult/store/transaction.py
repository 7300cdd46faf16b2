"""One transaction on either database: every statement goes through it, under the right hat.

A hat is (role, tenant). On PostgreSQL the transaction puts on the hat before the statement, in one
round trip and for this transaction only (`set_config(…, true)`), so that row-level security sees
the tenant and nothing leaks through the connection pool. On SQLite the filter alone isolates.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy import Connection, CursorResult, Row, bindparam, func, select, true
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.sql import Executable
from sqlalchemy.sql.schema import Table

from auscult.store.refusals import translate

APP_ROLE = "auscult_app"
DISPATCHER_ROLE = "auscult_dispatcher"
LOCK_CLASS = 0x61757363
"""The class of our advisory locks ("ausc"), so that they meet nobody else's in the database."""

Parameters = Mapping[str, Any] | Sequence[Mapping[str, Any]] | None
Hat = tuple[str, str]
DISPATCHER: Hat = (DISPATCHER_ROLE, "")

_WEAR = select(
    func.set_config("role", bindparam("role"), true()),
    func.set_config("app.tenant", bindparam("tenant"), true()),
)
_WEAR_ALONE = _WEAR.add_columns(
    func.pg_advisory_xact_lock(LOCK_CLASS, func.hashtext(bindparam("tenant")))
)


@dataclass(frozen=True, slots=True)
class Either:
    """One statement that the two databases spell with classes of their own (upserts)."""

    sqlite: Executable
    postgresql: Executable


def insert_new(table: Table, keys: Sequence[str]) -> Either:
    """Return an insert that does nothing where `keys` exist; it yields a row when it inserted."""

    def spell(insert: Callable[[Table], Any]) -> Executable:
        wish = insert(table).on_conflict_do_nothing(index_elements=list(keys))
        done: Executable = wish.returning(table.c[keys[-1]])
        return done

    return Either(spell(sqlite.insert), spell(postgresql.insert))


def upsert(table: Table, keys: Sequence[str], change: Sequence[str]) -> Either:
    """Return an insert that sets `change` where `keys` exist already."""

    def spell(insert: Callable[[Table], Any]) -> Executable:
        wish = insert(table)
        new = {name: wish.excluded[name] for name in change}
        done: Executable = wish.on_conflict_do_update(index_elements=list(keys), set_=new)
        return done

    return Either(spell(sqlite.insert), spell(postgresql.insert))


@dataclass(slots=True)
class Transaction:
    """A connection inside a transaction, and what must still happen before it commits."""

    connection: Connection
    kind: Literal["sqlite", "postgresql"]
    writes: bool
    before_commit: list[Callable[[], None]] = field(default_factory=list)
    watchers: list[Callable[[], Callable[[], None]]] = field(default_factory=list)
    """Each is asked at a savepoint for the way back to what it held there."""
    _worn: Hat | None = None

    def run(
        self, hat: Hat, statement: Executable | Either, parameters: Parameters = None
    ) -> CursorResult[Any]:
        """Execute under a hat; raises the store's errors, never the driver's."""
        if isinstance(statement, Either):
            statement = statement.sqlite if self.kind == "sqlite" else statement.postgresql
        try:
            if self.kind == "postgresql" and hat != self._worn:
                self._wear(hat)
            found: CursorResult[Any] = self.connection.execute(statement, parameters)
        except SQLAlchemyError as why:
            raise translate(why) from why
        return found

    def rows(
        self, hat: Hat, statement: Executable | Either, parameters: Parameters = None
    ) -> Sequence[Row[Any]]:
        """Execute and fetch everything; statements carry their own limit."""
        found = self.run(hat, statement, parameters)
        try:
            return found.all()
        except SQLAlchemyError as why:
            raise translate(why) from why

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo what the block did, and only that, when it raises."""
        ways_back = [watch() for watch in self.watchers]
        try:
            nested = self.connection.begin_nested()
        except SQLAlchemyError as why:
            raise translate(why) from why
        try:
            yield
        except BaseException:
            self._worn = None  # settings made inside are undone with it
            for go_back in ways_back:
                go_back()
            try:
                nested.rollback()
            except SQLAlchemyError as why:
                raise translate(why) from why
            raise
        try:
            nested.commit()
        except SQLAlchemyError as why:
            raise translate(why) from why

    def _wear(self, hat: Hat) -> None:
        """Put on a hat; a writing tenant is alone until the commit, as it is on SQLite."""
        role, tenant = hat
        wear = _WEAR_ALONE if self.writes and tenant else _WEAR
        self.connection.execute(wear, {"role": role, "tenant": tenant}).all()
        self._worn = hat
