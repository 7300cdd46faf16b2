"""A database becomes what this version needs: once, whoever asks, and saying what is missing."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from auscult.kernel.errors import SettingError, StoreUnavailable
from auscult.store import Store
from auscult.store.schema import upgrade
from auscult.store.tables import metadata
from tests.contract.store.databases import (
    STRANGER,
    Database,
    PostgresDatabase,
    Server,
    SqliteDatabase,
)
from tests.contract.store.words import ACME, incident


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database that was never migrated."""
    if request.param == "sqlite":
        yield SqliteDatabase(tmp_path / "folder" / "store.db")
        return
    server: Server = request.getfixturevalue("server")
    database = server.make()
    yield database
    server.drop(database.name)


def test_migrating_twice_is_migrating_once(empty: Database) -> None:
    store = Store.open(empty.url)
    store.migrate()
    with store.write() as work:
        work.of(ACME).incidents.put(incident())
    store.migrate()
    with store.read() as work:
        assert work.of(ACME).incidents.get("I1") == incident()
    store.close()


def test_what_was_queued_before_counts_as_owed_since_its_turn(empty: Database) -> None:
    store = Store.open(empty.url)
    upgrade(store._writer, "0002")
    empty.ask("INSERT INTO queue VALUES ('effect', 'acme', 'E1', 12345, '', 0, 1)")
    store.migrate()
    assert empty.ask("SELECT key, owed_since_ms FROM queue") == [("E1", 12345)]
    store.close()


def test_messages_of_before_are_found_by_what_they_say_and_to_whom(empty: Database) -> None:
    store = Store.open(empty.url)
    upgrade(store._writer, "0009")
    body = (
        '{"to": "ops", "payload": {"kind": "opened", "kept_by": {"mail": {}}, "text": "\\u0000"}}'
    )
    values = "'notify', 'I1', 5, 'pending', 0, '', 5"
    empty.ask(f"INSERT INTO effects VALUES ('acme', 'E1', {values}, '{body}')")
    store.migrate()
    with store.read() as work:
        assert work.of(ACME).effects.unsent_count() == 1
    found = "SELECT channel, says, left_by FROM effects"
    assert empty.ask(found) == [("ops", "opened", "mail")]
    store.close()


def test_replicas_that_race_to_migrate_all_succeed(empty: Database) -> None:
    start = threading.Barrier(3)
    failures: list[BaseException] = []

    def migrate() -> None:
        start.wait(10)
        try:
            store = Store.open(empty.url)
            store.migrate()
            with store.write() as work:
                work.of(ACME).secrets.put("a", "x")
            store.close()
        except BaseException as why:  # noqa: BLE001  # a thread's failure is the test's
            failures.append(why)

    threads = [threading.Thread(target=migrate) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []


def test_the_steps_make_the_tables_the_code_speaks_of(database: Database) -> None:
    engine = create_engine(database.url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        differences: list[Any] = compare_metadata(context, metadata)
    engine.dispose()
    assert differences == []


def test_a_store_that_was_not_migrated_says_so(empty: Database) -> None:
    store = Store.open(empty.url)
    with pytest.raises(StoreUnavailable), store.write() as work:
        work.of(ACME).incidents.put(incident())
    store.close()


def test_a_database_of_a_later_version_is_refused(database: Database) -> None:
    database.ask("UPDATE alembic_version SET version_num = '9999'")
    store = Store.open(database.url)
    with pytest.raises(StoreUnavailable, match="another version"):
        store.migrate()
    store.close()


def test_a_user_who_lacks_the_roles_is_told_what_to_grant(server: Server) -> None:
    database = server.make(user=STRANGER)
    store = Store.open(database.url)
    with pytest.raises(SettingError, match=f'GRANT auscult_app, .* TO "{STRANGER}"'):
        store.migrate()
    store.close()
    server.drop(database.name)


def test_a_role_that_could_see_everything_is_refused(server: Server) -> None:
    database = server.make()
    postgres = PostgresDatabase(server.admin, "postgres")
    postgres.ask("ALTER ROLE auscult_app BYPASSRLS")
    try:
        store = Store.open(database.url)
        with pytest.raises(SettingError, match="NOBYPASSRLS"):
            store.migrate()
        store.close()
    finally:
        postgres.ask("ALTER ROLE auscult_app NOBYPASSRLS")
        server.drop(database.name)


def test_a_sqlite_file_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "store.db")
    store = Store.open(database.url)
    store.migrate()
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    store.close()
    assert set(modes.values()) == {0o600}
    assert len(modes) == 3
