"""The audit log cannot be quietly changed: the database refuses, and the chain would show it."""

import threading
from contextlib import suppress

import psycopg
import pytest

from auscult.kernel.errors import AuditBroken
from auscult.store import Store
from auscult.store.rows import audit as chain
from tests.contract.store.databases import Database
from tests.contract.store.words import ACME, BETA, audit_row

ROWS = 12


@pytest.fixture
def logged(store: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A store with an audit log of several transactions, checked in small batches."""
    monkeypatch.setattr(
        chain,
        "_AFTER",
        chain._AFTER.limit(5),  # so that a check takes several batches
    )
    for first in range(1, ROWS + 1, 3):
        with store.write() as work:
            for number in range(first, first + 3):
                work.of(ACME).audit.append(**audit_row(number, about=f"I{number % 2}"))
    return store


def unlock(database: Database) -> None:
    """Take the triggers away, as somebody could who owns the database."""
    if database.kind == "postgresql":
        database.ask("ALTER TABLE audit DISABLE TRIGGER ALL")
        database.ask("ALTER TABLE audit_heads DISABLE TRIGGER ALL")
        return
    for (name,) in database.ask("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
        database.ask(f"DROP TRIGGER {name}")


def broken_at(store: Store) -> str:
    with pytest.raises(AuditBroken) as caught, store.read() as work:
        work.of(ACME).audit.verify()
    return caught.value.detail


def test_an_untouched_log_verifies(logged: Store) -> None:
    with logged.read() as work:
        assert work.of(ACME).audit.verify() == ROWS
        assert work.of(BETA).audit.verify() == 0


def test_rows_about_one_object_come_oldest_first(logged: Store) -> None:
    with logged.read() as work:
        rows = work.of(ACME).audit.of("I1", 3)
    assert [row.seq for row in rows] == [7, 9, 11]
    assert rows[0].detail == {"sentence": "sentence 7"}


def test_rows_of_one_action_since_a_time_come_oldest_first(logged: Store) -> None:
    with logged.write() as work:
        work.of(ACME).audit.append(**audit_row(ROWS + 1) | {"action": "group.decided"})
        found = work.of(ACME).audit.done("incident.opened", 4, after=5, limit=3)
        assert [one.seq for one in found] == [6, 7, 8]
        assert [one.seq for one in work.of(ACME).audit.done("incident.opened", 11)] == [11, 12]
        assert [one.seq for one in work.of(ACME).audit.done("group.decided", 0)] == [ROWS + 1]
        assert work.of(BETA).audit.done("group.decided", 0) == []


def test_pages_cover_the_log_newest_first(logged: Store) -> None:
    seen: list[int] = []
    cursor: int | None = None
    with logged.read() as work:
        while True:
            page = work.of(ACME).audit.page(cursor, 5)
            seen += [row.seq for row in page.rows]
            cursor = page.next
            if cursor is None:
                break
    assert seen == list(range(ROWS, 0, -1))


def test_a_row_is_seen_in_its_own_transaction(store: Store) -> None:
    with store.write() as work:
        rows = work.of(ACME).audit
        rows.append(**audit_row(1))
        assert [row.seq for row in rows.of("I1")] == [1]
        rows.append(**audit_row(2))
        assert rows.verify() == 2


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET actor = 'nobody' WHERE seq = 3",
        "DELETE FROM audit WHERE seq = 3",
        "DELETE FROM audit_heads",
        "UPDATE audit_heads SET rows = 3",
        "UPDATE audit_heads SET hash = 'other'",
    ],
)
def test_the_database_refuses_even_its_owner(
    logged: Store, database: Database, statement: str
) -> None:
    with pytest.raises(Exception, match="append-only"):
        database.ask(statement)
    with logged.read() as work:
        assert work.of(ACME).audit.verify() == ROWS


def test_postgresql_refuses_to_truncate(logged: Store, database: Database) -> None:
    if database.kind == "sqlite":
        return  # SQLite has no TRUNCATE
    for table in ("audit", "audit_heads"):
        with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
            database.ask(f"TRUNCATE {table}")


@pytest.mark.parametrize("column", ["at_ms", "actor", "action", "about", "detail", "hash"])
def test_a_changed_column_is_found(logged: Store, database: Database, column: str) -> None:
    unlock(database)
    value = "99" if column == "at_ms" else "'{}'"
    database.ask(f"UPDATE audit SET {column} = {value} WHERE tenant = 'acme' AND seq = 7")
    assert broken_at(logged) == "row 7 was changed"


def test_a_row_missing_in_the_middle_is_found(logged: Store, database: Database) -> None:
    unlock(database)
    database.ask("DELETE FROM audit WHERE seq = 6")
    assert broken_at(logged) == "row 6 is missing"


def test_a_row_missing_in_the_middle_and_renumbered_is_found(
    logged: Store, database: Database
) -> None:
    unlock(database)
    database.ask("DELETE FROM audit WHERE seq = 6")
    for seq in range(7, ROWS + 1):
        database.ask(f"UPDATE audit SET seq = {seq - 1} WHERE seq = {seq}")
    assert broken_at(logged) == "row 6 was changed"


def test_a_cut_tail_is_found(logged: Store, database: Database) -> None:
    unlock(database)
    database.ask("DELETE FROM audit WHERE seq > 9")
    assert broken_at(logged) == "row 10: 9 rows, the head knows 12"


def test_a_lost_log_is_found(logged: Store, database: Database) -> None:
    unlock(database)
    database.ask("DELETE FROM audit")
    assert broken_at(logged) == "row 1: 0 rows, the head knows 12"


def test_a_lost_head_is_found(logged: Store, database: Database) -> None:
    unlock(database)
    database.ask("DELETE FROM audit_heads")
    assert broken_at(logged) == "row 1: 12 rows, the head knows 0"


def test_a_row_moved_to_another_tenant_is_found(logged: Store, database: Database) -> None:
    unlock(database)
    database.ask("UPDATE audit SET tenant = 'beta'")
    database.ask("UPDATE audit_heads SET tenant = 'beta'")
    with pytest.raises(AuditBroken, match="row 1 was changed"), logged.read() as work:
        work.of(BETA).audit.verify()


def test_writers_that_race_for_the_first_row_form_one_chain(store: Store) -> None:
    writers, each = 4, 10
    start = threading.Barrier(writers)

    def race(name: str) -> None:
        start.wait(10)
        for number in range(each):
            with store.write() as work:
                for tenant in (ACME, BETA):
                    row = {**audit_row(number), "actor": name}
                    work.of(tenant).audit.append(**row)

    threads = [threading.Thread(target=race, args=[f"w{n}"]) for n in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    with store.read() as work:
        for tenant in (ACME, BETA):
            assert work.of(tenant).audit.verify() == writers * each


def test_an_undone_savepoint_leaves_no_row(store: Store) -> None:
    with store.write() as work:
        rows = work.of(ACME).audit
        rows.append(**audit_row(1))
        with suppress(ZeroDivisionError), work.savepoint():
            rows.append(**audit_row(2))
            assert len(rows.of("I1")) == 2
            raise ZeroDivisionError
        rows.append(**audit_row(3))
    with store.read() as work:
        assert [row.at_ms for row in work.of(ACME).audit.of("I1")] == [1, 3]
        assert work.of(ACME).audit.verify() == 2
