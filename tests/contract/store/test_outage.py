"""A database that goes away is said so, loses nothing it accepted, and is used again when back."""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from auscult.kernel.errors import StoreUnavailable
from auscult.store import Store
from auscult.store.databases import sqlite
from tests.contract.store.conftest import own_server
from tests.contract.store.databases import Server, SqliteDatabase
from tests.contract.store.words import ACME


@pytest.fixture
def mortal() -> Iterator[Server]:
    """A server that may be stopped."""
    if "AUSCULT_TEST_POSTGRES_URL" in os.environ:
        pytest.skip("the given PostgreSQL server is not ours to stop")
    with own_server() as server:
        yield server


@pytest.fixture
def file(tmp_path: Path) -> SqliteDatabase:
    database = SqliteDatabase(tmp_path / "store.db")
    store = Store.open(database.url)
    store.migrate()
    store.close()
    return database


def put(store: Store, name: str, envelope: str = "v1:x") -> None:
    with store.write() as work:
        work.of(ACME).secrets.put(name, envelope)


def names(store: Store) -> list[str]:
    with store.read() as work:
        return work.of(ACME).secrets.names()


@pytest.mark.slow
def test_postgresql_may_stop_and_start_under_the_store(mortal: Server) -> None:
    database = mortal.make()
    store = Store.open(database.url)
    store.migrate()
    put(store, "before")
    assert names(store) == ["before"]
    mortal.control("stop")
    for _ in range(2):
        for use in (lambda: put(store, "lost"), lambda: names(store), store.ping):
            with pytest.raises(StoreUnavailable):
                use()
    with pytest.raises(StoreUnavailable):
        Store.open(database.url)
    mortal.control("start")
    put(store, "after")
    assert names(store) == ["after", "before"]
    store.ping()
    store.close()


@pytest.mark.slow
def test_postgresql_that_stops_in_the_middle_of_a_transaction_kept_nothing_of_it(
    mortal: Server,
) -> None:
    store = Store.open(mortal.make().url)
    store.migrate()

    def interrupted() -> None:
        with store.write() as work:
            work.of(ACME).secrets.put("half", "v1:x")
            mortal.control("stop")

    with pytest.raises(StoreUnavailable):
        interrupted()
    mortal.control("start")
    assert names(store) == []
    put(store, "whole")
    assert names(store) == ["whole"]
    store.close()


def test_a_full_disk_refuses_and_room_makes_it_work_again(file: SqliteDatabase) -> None:
    store = Store.open(file.url)
    put(store, "before")

    def limit(pages: int) -> None:
        with closing(store._writer.raw_connection()) as connection:
            connection.driver_connection.execute(f"PRAGMA max_page_count={pages}")  # type: ignore[union-attr]

    limit(1)  # SQLite takes the pages in use where they are more
    with pytest.raises(StoreUnavailable, match="full"):
        put(store, "big", "x" * 500_000)
    assert names(store) == ["before"]
    limit(1_000_000)
    put(store, "big", "x" * 500_000)
    assert names(store) == ["before", "big"]
    store.close()


def test_a_locked_file_is_waited_for_and_then_said(
    file: SqliteDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    pragmas = [one for one in sqlite._PRAGMAS if "busy_timeout" not in one]
    monkeypatch.setattr(sqlite, "_PRAGMAS", (*pragmas, "PRAGMA busy_timeout=200"))
    store = Store.open(file.url)
    with closing(sqlite3.connect(file.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        began_s = time.monotonic()
        with pytest.raises(StoreUnavailable, match="locked"):
            put(store, "a")
        assert time.monotonic() - began_s >= 0.2
        other.execute("ROLLBACK")
    put(store, "a")
    assert names(store) == ["a"]
    store.close()


def test_a_read_only_file_is_read_and_not_written(file: SqliteDatabase) -> None:
    store = Store.open(file.url)
    put(store, "before")
    with closing(store._writer.raw_connection()) as connection:
        connection.driver_connection.execute("PRAGMA query_only=ON")  # type: ignore[union-attr]
    with pytest.raises(StoreUnavailable, match="readonly"):
        put(store, "after")
    assert names(store) == ["before"]
    store.close()


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "store.db").write_bytes(b"this is no database at all" * 100)
    with pytest.raises(StoreUnavailable):
        Store.open(f"sqlite:///{tmp_path / 'store.db'}")


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreUnavailable):
        Store.open(f"sqlite:///{tmp_path}/file/store.db")


def test_sqlite_writes_through_to_the_disk(file: SqliteDatabase) -> None:
    store = Store.open(file.url)
    with store._writer.connect() as connection:
        settings = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    store.close()
    assert settings == ["wal", 2, 1]
