"""The store: opens transactions on SQLite or PostgreSQL, and says in our words what fails."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Literal

from sqlalchemy import Engine, select
from sqlalchemy.exc import SQLAlchemyError

from auscult.kernel.errors import StoreUnavailable
from auscult.store.databases import postgres, sqlite
from auscult.store.databases.address import read_address
from auscult.store.databases.refusals import translate
from auscult.store.transaction import Transaction
from auscult.store.work import Work

WRITER_WAIT_S = 15.0

Kind = Literal["sqlite", "postgresql"]


class Store:
    """A database that is migrated, written by one transaction at a time, and read by several.

    On PostgreSQL several replicas may write at once; writers of the same tenant wait in line.
    """

    def __init__(
        self, writer: Engine, reader: Engine, kind: Kind, *, audit_key: bytes = b""
    ) -> None:
        """Take the engines; `open` makes them from a URL."""
        self._audit_key = audit_key
        self.kind = kind
        self._writer = writer
        self._reader = reader
        self._turn = Lock()

    @classmethod
    def open(cls, url: str, *, audit_key: bytes = b"") -> "Store":
        """Open `sqlite:///FILE` or `postgresql://…`; raises `SettingError`, `StoreUnavailable`.

        `audit_key` is the vault's sub-key that seals audit heads (`Vault.derive(AUDIT_SEALS)`);
        without it heads are written unsealed and seals are not checked.
        """
        address = read_address(url)
        if address.get_backend_name() == "sqlite":
            store = cls(*sqlite.open_engines(address), "sqlite", audit_key=audit_key)
        else:
            store = cls(*postgres.open_engines(address), "postgresql", audit_key=audit_key)
        try:
            store.ping()
        except StoreUnavailable:
            store.close()
            raise
        return store

    def migrate(self) -> None:
        """Bring the tables to this version; several replicas may do so at once."""
        from auscult.store.schema import upgrade  # Alembic is needed here only

        upgrade(self._writer)

    @contextmanager
    def write(self) -> Iterator[Work]:
        """Open one transaction that commits at the end of the block, or not at all.

        Durable when the block is left. Raises `StoreUnavailable`, `StateConflict`.
        """
        if self.kind == "postgresql":
            with self._transaction(self._writer, writes=True) as work:
                yield work
            return
        if not self._turn.acquire(timeout=WRITER_WAIT_S):
            raise StoreUnavailable(f"the writer was busy for {WRITER_WAIT_S:.0f} s")
        try:
            with self._transaction(self._writer, writes=True) as work:
                yield work
        finally:
            self._turn.release()

    @contextmanager
    def read(self) -> Iterator[Work]:
        """Open one transaction that sees the store as it is now, and may not write."""
        with self._transaction(self._reader, writes=False) as work:
            yield work

    def ping(self) -> None:
        """Ask the database for nothing; raises `StoreUnavailable` where it does not answer."""
        try:
            with self._reader.connect() as connection:
                connection.execute(select(1))
        except SQLAlchemyError as why:
            raise translate(why) from why

    def close(self) -> None:
        """Close every connection that is not in use."""
        self._writer.dispose()
        self._reader.dispose()

    @contextmanager
    def _transaction(self, engine: Engine, *, writes: bool) -> Iterator[Work]:
        try:
            with engine.connect() as connection, connection.begin():
                transaction = Transaction(
                    connection, self.kind, writes=writes, audit_key=self._audit_key
                )
                yield Work(transaction)
                transaction.write_all()
        except SQLAlchemyError as why:
            raise translate(why) from why
