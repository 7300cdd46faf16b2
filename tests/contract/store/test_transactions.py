"""All of a transaction, or nothing of it; and errors in our words only."""

import threading
from contextlib import suppress

import pytest

from auscult.kernel.errors import SettingError, StateConflict, StoreRaced, StoreUnavailable
from auscult.kernel.words import TenantId
from auscult.store import Store
from tests.contract.store.databases import Database
from tests.contract.store.words import ACME, BETA, audit_row, effect, finding, incident, timer


def test_what_raises_is_rolled_back_whole(store: Store) -> None:
    with suppress(ZeroDivisionError), store.write() as work:
        for tenant in (ACME, BETA):
            rows = work.of(tenant)
            rows.incidents.put(incident(tenant=tenant))
            rows.audit.append(**audit_row())
        raise ZeroDivisionError
    with store.read() as work:
        for tenant in (ACME, BETA):
            assert work.of(tenant).incidents.get("I1") is None
            assert work.of(tenant).audit.verify() == 0


def test_one_transaction_serves_several_tenants(store: Store) -> None:
    tenants = [TenantId(f"t{number}") for number in range(5)]
    with store.write() as work:
        for number in range(3):
            for tenant in tenants:
                rows = work.of(tenant)
                rows.incidents.put(
                    incident(f"I{number}", tenant=tenant, fingerprints=(f"{number}",))
                )
                rows.findings.append(f"I{number}", finding(tenant=tenant))
                rows.audit.append(**audit_row(number))
    with store.read() as work:
        for tenant in tenants:
            rows = work.of(tenant)
            assert rows.incidents.counts()["open"] == 3
            assert rows.audit.verify() == 3
            assert len(rows.findings.of("I2")) == 1


def test_an_undone_savepoint_undoes_only_itself(store: Store) -> None:
    with store.write() as work:
        rows = work.of(ACME)
        rows.timers.set(timer("kept"))
        with suppress(ZeroDivisionError), work.savepoint():
            work.of(BETA).effects.wish(effect(tenant=BETA))
            rows.timers.set(timer("undone"))
            rows.incidents.put(incident())
            raise ZeroDivisionError
        with work.savepoint():
            rows.timers.set(timer("also kept"))
    with store.write() as work:
        rows = work.of(ACME)
        assert [rows.timers.get(key) is None for key in ("kept", "undone", "also kept")] == [
            False,
            True,
            False,
        ]
        assert rows.incidents.get("I1") is None
        assert work.of(BETA).effects.get("E1") is None
        assert work.queue.overdue("timer", now_ms=999, grace_ms=0) == 2


def test_a_database_refusal_inside_a_savepoint_spares_the_rest(store: Store) -> None:
    with store.write() as work:
        work.of(ACME).keys.add("h", "k1", role="admin", now_ms=1)
        with pytest.raises(StateConflict), work.savepoint():
            work.of(BETA).keys.add("h", "k2", role="admin", now_ms=1)
        work.of(ACME).secrets.put("a", "v1:x")
    with store.read() as work:
        assert work.of(ACME).secrets.names() == ["a"]
        assert work.directory.find("h") is not None


def test_a_reader_may_not_write(store: Store) -> None:
    with pytest.raises(StoreUnavailable), store.read() as work:
        work.of(ACME).secrets.put("a", "v1:x")
    with store.read() as work:
        assert work.of(ACME).secrets.names() == []


def test_a_reader_sees_one_moment(store: Store) -> None:
    with store.read() as reading:
        assert reading.of(ACME).secrets.names() == []
        with store.write() as work:
            work.of(ACME).secrets.put("a", "v1:x")
        assert reading.of(ACME).secrets.names() == []
    with store.read() as reading:
        assert reading.of(ACME).secrets.names() == ["a"]


def test_replicas_that_write_one_tenant_never_lose_an_update(
    store: Store, database: Database
) -> None:
    with store.write() as work:
        work.of(ACME).incidents.put(incident())

    def count_up() -> None:
        replica = Store.open(database.url)
        for _ in range(20):
            with replica.write() as work:
                rows = work.of(ACME).incidents
                found = rows.get("I1")
                assert found is not None
                more = {"findings_count": found.findings_count + 1}
                rows.put(found.model_copy(update=more))
        replica.close()

    threads = [threading.Thread(target=count_up) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    with store.read() as work:
        found = work.of(ACME).incidents.get("I1")
    assert found is not None
    assert found.findings_count == 61


def test_writers_that_lock_each_other_out_are_told_to_try_again(store: Store) -> None:
    if store.kind == "sqlite":
        return  # one writer at a time: no deadlock
    both = threading.Barrier(2)
    told: list[str] = []

    def cross(first: TenantId, second: TenantId) -> None:
        try:
            with store.write() as work:
                work.of(first).secrets.put("a", "x")
                both.wait(10)
                work.of(second).secrets.put("a", "x")
            told.append("written")
        except StoreRaced:
            told.append("try again")

    threads = [threading.Thread(target=cross, args=pair) for pair in ((ACME, BETA), (BETA, ACME))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(told) == ["try again", "written"]


@pytest.mark.parametrize(
    "url", ["", "nonsense", "mysql://localhost/x", "sqlite://", "sqlite:///:memory:"]
)
def test_a_url_that_is_no_store_is_refused(url: str) -> None:
    with pytest.raises(SettingError):
        Store.open(url)
