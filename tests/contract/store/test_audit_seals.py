"""The head of an audit log is sealed: who has the database and not the vault cannot make one."""

from collections.abc import Iterator

import pytest

from auscult.kernel.errors import AuditBroken
from auscult.store import Store
from auscult.store.rows.audit import GENESIS, AuditHead, seal, seal_head
from tests.contract.store.databases import Database
from tests.contract.store.test_audit import unlock
from tests.contract.store.words import ACME, BETA, audit_row

KEY = b"k" * 32


@pytest.fixture
def sealing(database: Database) -> Iterator[Store]:
    """A store with the vault at hand, and a log of three rows."""
    store = Store.open(database.url, audit_key=KEY)
    append(store, 1, 2, 3)
    yield store
    store.close()


def append(store: Store, *numbers: int) -> None:
    for number in numbers:
        with store.write() as work:
            work.of(ACME).audit.append(**audit_row(number))


def prove(store: Store, noted: AuditHead | None = None) -> AuditHead:
    with store.read() as work:
        return work.of(ACME).audit.prove(noted)


def forge(database: Database) -> str:
    """Rewrite the last row, its hash and the head, as one could who has the database alone."""
    unlock(database)
    columns = "seq, tenant, at_ms, actor, about, action, detail"
    [row] = database.ask(f"SELECT {columns} FROM audit WHERE seq = 3")
    content = {**dict(zip(columns.split(", "), row, strict=True)), "actor": "nobody"}
    [(before,)] = database.ask("SELECT hash FROM audit WHERE seq = 2")
    last = seal(before, content)
    database.ask(f"UPDATE audit SET actor = 'nobody', hash = '{last}' WHERE seq = 3")
    database.ask(f"UPDATE audit_heads SET hash = '{last}'")
    return last


def test_a_sealed_log_holds_and_tells_its_head(sealing: Store, database: Database) -> None:
    [(rows, last)] = database.ask("SELECT rows, hash FROM audit_heads")
    assert prove(sealing) == AuditHead(rows, last)
    assert str(prove(sealing)) == f"3:{last}"


def test_the_seal_is_that_of_its_tenant_rows_and_hash() -> None:
    made = seal_head(KEY, ACME, rows=3, last="a")
    others = {
        seal_head(b"x" * 32, ACME, rows=3, last="a"),
        seal_head(KEY, BETA, rows=3, last="a"),
        seal_head(KEY, ACME, rows=4, last="a"),
        seal_head(KEY, ACME, rows=3, last="b"),
    }
    assert made not in others
    assert len(others) == 4


def test_a_chain_that_was_made_anew_is_found(sealing: Store, database: Database) -> None:
    forge(database)
    with pytest.raises(AuditBroken, match="row 3: the head has no seal of this vault"):
        prove(sealing)


@pytest.mark.parametrize("change", ["seal = ''", "seal = 'x'", "seal = 'é'"])
def test_a_seal_taken_away_is_found(sealing: Store, database: Database, change: str) -> None:
    unlock(database)
    database.ask(f"UPDATE audit_heads SET {change}")
    with pytest.raises(AuditBroken, match="no seal"):
        prove(sealing)


def test_a_later_row_does_not_seal_what_was_forged(sealing: Store, database: Database) -> None:
    forge(database)
    append(sealing, 4, 5)
    with pytest.raises(AuditBroken, match="row 5: the head has no seal"):
        prove(sealing)


def test_a_person_may_accept_the_chain_as_it_is(sealing: Store, database: Database) -> None:
    forge(database)
    with sealing.write() as work:
        rows = work.of(ACME).audit
        rows.reseal()
        rows.append(**audit_row(4))
    append(sealing, 5)
    assert prove(sealing).rows == 5


def test_a_head_written_without_the_vault_is_found_with_it(
    sealing: Store, database: Database
) -> None:
    plain = Store.open(database.url)
    append(plain, 4)
    assert prove(plain).rows == 4, "without the vault seals are not looked at"
    plain.close()
    with pytest.raises(AuditBroken, match="row 4: the head has no seal"):
        prove(sealing)


@pytest.mark.parametrize(
    "table",
    [
        "credentials (key_hash, tenant, key_id, role, added_ms) VALUES ('h', 'acme', 'k', 'r', 1)",
        "secrets (tenant, name, envelope) VALUES ('acme', 'hook', 'v1:x')",
    ],
)
def test_a_log_that_is_gone_with_its_head_is_found(
    sealing: Store, database: Database, table: str
) -> None:
    unlock(database)
    database.ask("DELETE FROM audit")
    database.ask("DELETE FROM audit_heads")
    assert prove(sealing).rows == 0, "a tenant without anything has no log"
    database.ask(f"INSERT INTO {table}")
    with pytest.raises(AuditBroken, match="row 1: the log is gone"):
        prove(sealing)


def test_a_noted_head_is_found_again_or_missed(sealing: Store, database: Database) -> None:
    noted = prove(sealing)
    append(sealing, 4)
    assert prove(sealing, noted).rows == 4
    with pytest.raises(AuditBroken, match="row 3 is another than the noted one"):
        prove(sealing, AuditHead(3, "0" * 64))
    with pytest.raises(AuditBroken, match="row 5 is missing: 4 rows, 9 were noted"):
        prove(sealing, AuditHead(9, noted.hash))


def test_a_log_that_was_wiped_and_began_anew_is_missed_by_the_noted_head(
    sealing: Store, database: Database
) -> None:
    noted = prove(sealing)
    unlock(database)
    database.ask("DELETE FROM audit")
    database.ask("DELETE FROM audit_heads")
    append(sealing, 7, 8, 9)
    assert prove(sealing).rows == 3, "by itself the new log is as good as the old one"
    with pytest.raises(AuditBroken, match="row 3 is another"):
        prove(sealing, noted)


def test_nothing_noted_is_in_every_log(sealing: Store) -> None:
    assert prove(sealing, AuditHead(0, GENESIS)).rows == 3
