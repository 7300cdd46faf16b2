"""One transaction on either database: every statement goes through it, under the right hat.

A hat is (role, tenant). On PostgreSQL the transaction puts on the hat before the statement, in one
round trip and for this transaction only (`set_config(…, true)`), so that row-level security sees
the tenant and nothing leaks through the connection pool. On SQLite the filter alone isolates.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal

from sqlalchemy import Connection, CursorResult, Row, bindparam, func, select, true
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.sql import Executable

from auscult.store.databases.refusals import translate
from auscult.store.later import Later, Unwritten
from auscult.store.statements import Either, Hat, spelled_many

LOCK_CLASS = 0x61757363
"""The class of our advisory locks ("ausc"), so that they meet nobody else's in the database."""

Parameters = Mapping[str, Any] | Sequence[Mapping[str, Any]] | None

_WEAR = select(
    func.set_config("role", bindparam("role"), true()),
    func.set_config("app.tenant", bindparam("tenant"), true()),
)
_WEAR_ALONE = _WEAR.add_columns(
    func.pg_advisory_xact_lock(LOCK_CLASS, func.hashtext(bindparam("tenant")))
)


class Transaction:
    """A connection inside a transaction, and what must still be written before it commits."""

    __slots__ = ("_connection", "_kind", "_worn", "_writes", "audit_key", "later", "unwritten")

    def __init__(
        self,
        connection: Connection,
        kind: Literal["sqlite", "postgresql"],
        *,
        writes: bool,
        audit_key: bytes = b"",
    ) -> None:
        """Take a connection that has begun, and the key that seals audit heads, if known."""
        self._connection = connection
        self._kind = kind
        self._writes = writes
        self._worn: Hat | None = None
        self.audit_key = audit_key
        self.later = Later(self.run)
        self.unwritten: list[Unwritten] = [self.later]

    def run(
        self, hat: Hat, statement: Executable | Either, parameters: Parameters = None
    ) -> CursorResult[Any]:
        """Execute under a hat; raises the store's errors, never the driver's."""
        spelled = statement.on(self._kind) if isinstance(statement, Either) else statement
        try:
            if self._kind == "postgresql" and hat != self._worn:
                self._wear(hat)
            if self._kind == "sqlite" and isinstance(parameters, list):
                return self._run_rows(spelled, parameters)
            found: CursorResult[Any] = self._connection.execute(spelled, parameters)
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

    def write_all(self) -> None:
        """Write everything that was held back."""
        for held in self.unwritten:
            held.write()

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo what the block did, and only that, when it raises."""
        self.write_all()
        try:
            with self._connection.begin_nested():
                yield
        except BaseException as why:
            self._worn = None  # settings made inside are undone with it
            for held in self.unwritten:
                held.forget()
            if isinstance(why, SQLAlchemyError):
                raise translate(why) from why
            raise

    def _run_rows(
        self, statement: Executable, rows: Sequence[Mapping[str, Any]]
    ) -> CursorResult[Any]:
        text, values_of = spelled_many(statement, tuple(rows[0]), self._connection.dialect)
        return self._connection.exec_driver_sql(text, list(map(values_of, rows)))

    def _wear(self, hat: Hat) -> None:
        """Put on a hat; a writing tenant is alone until the commit, as it is on SQLite."""
        role, tenant = hat
        wear = _WEAR_ALONE if self._writes and tenant else _WEAR
        self._connection.execute(wear, {"role": role, "tenant": tenant}).all()
        self._worn = hat
