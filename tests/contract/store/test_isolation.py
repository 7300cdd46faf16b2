"""No tenant sees, changes or blocks another's rows, whatever it calls and however it guesses."""

import inspect
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from auscult.kernel.effects import Result
from auscult.kernel.errors import AuscultError, ObjectMissing, StateConflict
from auscult.kernel.words import TenantId
from auscult.store import IncidentFilter, Store, TenantRows
from auscult.store.queue import Room
from auscult.store.tables import metadata
from tests.contract.store.databases import Database, PostgresDatabase
from tests.contract.store.words import (
    ACME,
    BETA,
    alert,
    audit_row,
    calendar,
    effect,
    finding,
    group,
    heard,
    incident,
    ladder,
    outcome,
    paged,
    run,
    silence,
    takeover,
    timer,
)

Act = Callable[[TenantRows], object]
MINE = "put in its own place"
EXHIBIT = heard(b"sound").evidence.exhibits[0].id
EDGE = IncidentFilter(text="edge")

MATRIX: dict[str, tuple[Act, object]] = {
    "incidents.statuses": (lambda rows: rows.incidents.statuses(["I1"]), {}),
    "incidents.get": (lambda rows: rows.incidents.get("I1"), None),
    "incidents.holding": (lambda rows: rows.incidents.holding("f1"), None),
    "incidents.recent": (lambda rows: rows.incidents.recent(100), []),
    "incidents.begun_since": (
        lambda rows: rows.incidents.begun_since(incident("I9", tenant=BETA), 0),
        1,
    ),
    "incidents.begun": (
        lambda rows: rows.incidents.begun((0, ""), until_ms=2**62, limit=100),
        [],
    ),
    "incidents.put": (lambda rows: rows.incidents.put(incident(tenant=BETA)), MINE),
    "incidents.page": (lambda rows: rows.incidents.page(EDGE).incidents, []),
    "incidents.written": (lambda rows: rows.incidents.written("I1"), None),
    "incidents.written_page": (lambda rows: rows.incidents.written_page(EDGE).texts, []),
    "incidents.counts": (lambda rows: sum(rows.incidents.counts().values()), 0),
    "findings.append": (lambda rows: rows.findings.append("I1", finding()), StateConflict),
    "findings.of": (lambda rows: rows.findings.of("I1"), []),
    "findings.last": (lambda rows: rows.findings.last("I1", "f1"), None),
    "findings.written_of": (lambda rows: rows.findings.written_of("I1"), []),
    "exhibits.add": (lambda rows: rows.exhibits.add("I1", heard(b"theirs")), StateConflict),
    "exhibits.get": (lambda rows: rows.exhibits.get("I1", EXHIBIT), None),
    "exhibits.of": (lambda rows: rows.exhibits.of("I1"), []),
    "effects.wish": (lambda rows: rows.effects.wish(effect(tenant=BETA)), MINE),
    "effects.get": (lambda rows: rows.effects.get("E1"), None),
    "effects.row": (lambda rows: rows.effects.row("E1"), None),
    "effects.settle": (lambda rows: rows.effects.settle(outcome()), False),
    "effects.settle_pending": (lambda rows: rows.effects.settle_pending(outcome()), None),
    "effects.rows": (lambda rows: rows.effects.rows(["E1"]), {}),
    "effects.make_ready": (lambda rows: rows.effects.make_ready(["E1"]), None),
    "effects.shared": (lambda rows: rows.effects.shared(["I1"]), set()),
    "effects.keep": (lambda rows: rows.effects.keep(effect(tenant=BETA, due_ms=7)), None),
    "effects.put_off": (lambda rows: rows.effects.put_off("E1", 9), None),
    "effects.of": (lambda rows: rows.effects.of("I1"), []),
    "effects.first_to_each": (
        lambda rows: rows.effects.first_to_each("I1", ["opened"], due_by_ms=9_999),
        [],
    ),
    "effects.leaving": (lambda rows: rows.effects.leaving("I1"), []),
    "effects.is_behind": (lambda rows: rows.effects.is_behind(effect("E2", due_ms=9_999)), False),
    "effects.wish_all": (lambda rows: rows.effects.wish_all([effect(tenant=BETA)]), MINE),
    "effects.given_up": (lambda rows: rows.effects.given_up(9), []),
    "effects.revive": (lambda rows: rows.effects.revive(effect("E9", tenant=BETA)), False),
    "effects.postpone": (lambda rows: rows.effects.postpone(effect(tenant=BETA), 9), None),
    "effects.was_heard": (lambda rows: rows.effects.was_heard(effect("E2")), False),
    "effects.waiting_behind": (
        lambda rows: rows.effects.waiting_behind(effect("E2", due_ms=0)),
        [],
    ),
    "effects.of_groups": (lambda rows: rows.effects.of_groups(0, 10**15), []),
    "effects.drop": (lambda rows: rows.effects.drop(["E1"]), None),
    "effects.withdraw": (lambda rows: rows.effects.withdraw(["E1"]), None),
    "effects.unsent_count": (lambda rows: rows.effects.unsent_count(), 0),
    "timers.set": (lambda rows: rows.timers.set(timer(tenant=BETA)), MINE),
    "timers.get": (lambda rows: rows.timers.get("T1"), None),
    "timers.named": (lambda rows: rows.timers.named(["T1"]), []),
    "timers.cancel": (lambda rows: rows.timers.cancel("T1"), False),
    "timers.take": (lambda rows: rows.timers.take("T1"), None),
    "runs.put": (lambda rows: rows.runs.put(run(tenant=BETA)), MINE),
    "runs.get": (lambda rows: rows.runs.get("R1"), None),
    "runs.of": (lambda rows: rows.runs.of("I1"), []),
    "runs.written_of": (lambda rows: rows.runs.written_of("I1"), []),
    "runs.recent": (lambda rows: rows.runs.recent(0, 100), []),
    "ladders.put": (lambda rows: rows.ladders.put(ladder()), MINE),
    "ladders.get": (lambda rows: rows.ladders.get("L1"), None),
    "ladders.recent": (lambda rows: rows.ladders.recent(100), []),
    "ladders.set_advice": (lambda rows: rows.ladders.set_advice("L1", "{}"), None),
    "ladders.advice": (lambda rows: rows.ladders.advice("L1"), ""),
    "ladders.set_undo": (lambda rows: rows.ladders.set_undo("L1", "v1:beta"), None),
    "ladders.undo": (lambda rows: rows.ladders.undo("L1"), ""),
    "ladders.touch": (lambda rows: rows.ladders.touch("L1", seen_ms=1_000, now_ms=2_000), False),
    "ladders.forget": (lambda rows: rows.ladders.forget(0), None),
    "alerts.put": (lambda rows: rows.alerts.put([(alert(), 1)]), MINE),
    "alerts.known": (lambda rows: rows.alerts.known(["a1"]), {}),
    "alerts.leave": (lambda rows: rows.alerts.leave(["a1"]), None),
    "alerts.get": (lambda rows: rows.alerts.get(["a1"]), {}),
    "alerts.lie": (lambda rows: rows.alerts.lie([("P1", "a1")]), MINE),
    "alerts.lying": (lambda rows: list(rows.alerts.lying("P1", 0)), []),
    "alerts.of_groups": (lambda rows: rows.alerts.of_groups(["G1"]), {}),
    "alerts.live": (lambda rows: rows.alerts.live(0), []),
    "alerts.prolong": (
        lambda rows: rows.alerts.prolong(-(10**15), by_ms=1, granted_ms=10**15),
        0,
    ),
    "alerts.forget": (lambda rows: rows.alerts.forget(10**15), 0),
    "groups.put": (lambda rows: rows.groups.put([group()]), MINE),
    "groups.get": (lambda rows: rows.groups.get(["G1"]), {}),
    "groups.page": (lambda rows: rows.groups.page(), []),
    "groups.count": (lambda rows: rows.groups.count(), 0),
    "groups.enter": (lambda rows: rows.groups.enter([("G1", "a1")]), MINE),
    "groups.move": (lambda rows: rows.groups.move([group()]), MINE),
    "groups.drop": (lambda rows: rows.groups.drop("G1"), None),
    "groups.leave": (lambda rows: rows.groups.leave([("G1", "a1")]), None),
    "groups.forget": (lambda rows: rows.groups.forget(10**15), 0),
    "silences.put": (lambda rows: rows.silences.put(silence()), MINE),
    "silences.get": (lambda rows: rows.silences.get("S1"), None),
    "silences.ending_after": (lambda rows: rows.silences.ending_after(0), []),
    "silences.forget": (lambda rows: rows.silences.forget(10**15), 0),
    "pages.add": (lambda rows: rows.pages.add([paged()]), MINE),
    "pages.of": (lambda rows: rows.pages.of("I1"), []),
    "pages.coming": (lambda rows: rows.pages.coming("I1", 0), []),
    "pages.counts": (lambda rows: rows.pages.counts(0, 10**15), {}),
    "pages.postpone": (lambda rows: rows.pages.postpone("E1", 9), None),
    "pages.calling": (lambda rows: rows.pages.calling(["E1"]), frozenset()),
    "pages.withdraw": (lambda rows: rows.pages.withdraw(["E1"]), None),
    "takeovers.put": (lambda rows: rows.takeovers.put(takeover()), MINE),
    "takeovers.get": (lambda rows: rows.takeovers.get("O1"), None),
    "takeovers.ending_after": (lambda rows: rows.takeovers.ending_after(0), []),
    "takeovers.remove": (lambda rows: rows.takeovers.remove("O1"), False),
    "takeovers.forget": (lambda rows: rows.takeovers.forget(10**15), 0),
    "calendars.put": (lambda rows: rows.calendars.put(calendar()), MINE),
    "calendars.get": (lambda rows: rows.calendars.get("nights", "vendor"), None),
    "calendars.places": (lambda rows: rows.calendars.places(), []),
    "calendars.remove": (lambda rows: rows.calendars.remove("nights", "vendor"), False),
    "audit.append": (lambda rows: rows.audit.append(**audit_row()), MINE),
    "audit.of": (lambda rows: rows.audit.of("I1"), []),
    "audit.done": (lambda rows: rows.audit.done(str(audit_row()["action"]), 0), []),
    "audit.page": (lambda rows: rows.audit.page().rows, []),
    "audit.verify": (lambda rows: rows.audit.verify(), 0),
    "audit.prove": (lambda rows: rows.audit.prove().rows, 0),
    "audit.reseal": (lambda rows: rows.audit.reseal(), MINE),
    "audit.write": (lambda rows: rows.audit.write(), None),
    "audit.forget": (lambda rows: rows.audit.forget(), None),
    "secrets.put": (lambda rows: rows.secrets.put("s", "v1:beta"), MINE),
    "secrets.get": (lambda rows: rows.secrets.get("s"), None),
    "secrets.remove": (lambda rows: rows.secrets.remove("s"), False),
    "secrets.names": (lambda rows: rows.secrets.names(), []),
    "keys.add": (lambda rows: rows.keys.add("h", "k1", role="a", now_ms=1), StateConflict),
    "keys.revoke": (lambda rows: rows.keys.revoke("k1", 9), False),
    "keys.list": (lambda rows: rows.keys.list(), []),
}
"""What beta does with the identifiers of acme, and what comes of it."""


def fill(store: Store, tenant: TenantId = ACME) -> None:
    """Give a tenant one row of everything."""
    with store.write() as work:
        rows = work.of(tenant)
        rows.incidents.put(incident(tenant=tenant))
        rows.findings.append("I1", finding(tenant=tenant))
        rows.exhibits.add("I1", heard(b"sound", tenant=tenant))
        rows.effects.wish(effect(tenant=tenant))
        rows.effects.wish(effect("E9", tenant=tenant))
        rows.effects.settle(outcome("E9", Result.REFUSED, tenant=tenant))
        group_message = effect("E8", tenant=tenant).model_copy(update={"payload": {"alerts": {}}})
        rows.effects.wish(group_message)
        rows.timers.set(timer(tenant=tenant))
        rows.runs.put(run(tenant=tenant))
        rows.ladders.put(ladder())
        rows.ladders.set_advice("L1", '{"form": 1}')
        rows.ladders.set_undo("L1", f"v1:{tenant}")
        rows.alerts.put([(alert(), 1)])
        rows.alerts.lie([("P1", "a1")])
        rows.groups.put([group()])
        rows.groups.enter([("G1", "a1")])
        rows.silences.put(silence())
        rows.pages.add([paged()])
        rows.takeovers.put(takeover())
        rows.calendars.put(calendar())
        rows.audit.append(**audit_row())
        rows.secrets.put("s", f"v1:{tenant}")
        rows.keys.add("h", "k1", role="admin", now_ms=1)


def everything_of(database: Database, tenant: str) -> dict[str, list[Any]]:
    return {
        name: sorted(database.ask(f"SELECT * FROM {name} WHERE tenant = '{tenant}'"), key=repr)
        for name in metadata.tables
    }


def methods() -> list[str]:
    """Every public method of every noun of `TenantRows`, found by looking."""
    from auscult.store.rows import tenant as module

    nouns = {
        name: kind
        for name in set(TenantRows.__slots__) - {"tenant"}
        for kind in vars(module).values()
        if (inspect.isclass(kind) and kind.__module__.endswith(f".rows.{name}"))
        or (inspect.isclass(kind) and kind.__module__.endswith(f".rows.alerts.{name}"))
        or (inspect.isclass(kind) and kind.__module__.endswith(f".rows.oncall.{name}"))
    }
    assert set(nouns) == set(TenantRows.__slots__) - {"tenant"}
    return sorted(
        f"{noun}.{method}"
        for noun, kind in nouns.items()
        for method, _ in inspect.getmembers(kind, inspect.isfunction)
        if not method.startswith("_")
    )


def test_the_matrix_has_a_case_for_every_method() -> None:
    assert methods() == sorted(MATRIX)


@pytest.mark.parametrize("method", sorted(MATRIX))
def test_a_foreign_tenant_gets_nothing_and_changes_nothing(
    store: Store, database: Database, method: str
) -> None:
    fill(store)
    before = everything_of(database, ACME)
    act, expected = MATRIX[method]
    if isinstance(expected, type) and issubclass(expected, AuscultError):
        with pytest.raises(expected), store.write() as work:
            act(work.of(BETA))
    else:
        with store.write() as work:
            got = act(work.of(BETA))
        assert expected in (MINE, got)
    assert everything_of(database, ACME) == before
    theirs = everything_of(database, BETA)
    del theirs["tenants"]
    assert any(theirs.values()) == (expected == MINE)


def test_two_tenants_may_use_the_same_identifiers(store: Store) -> None:
    fill(store)
    with store.write() as work:
        rows = work.of(BETA)
        rows.incidents.put(incident(tenant=BETA, headline="ours"))
        assert rows.effects.wish(effect(tenant=BETA))
        rows.timers.set(timer(tenant=BETA))
        rows.audit.append(**audit_row(7))
    with store.write() as work:
        for tenant in (ACME, BETA):
            found = work.of(tenant).incidents.holding("f1")
            assert found is not None
            assert found.tenant == tenant
            assert work.of(tenant).audit.verify() == 1
        assert work.of(BETA).effects.settle(outcome(tenant=BETA, result=Result.DONE))
        assert work.of(BETA).timers.take("T1") == timer(tenant=BETA)
        kept = [
            (claim.tenant, claim.key)
            for kind in ("effect", "timer")
            for claim in work.queue.claim(kind, owner="o", now_ms=999, room=Room(9, 9), lease_ms=1)
        ]
    assert kept == [(ACME, "E1"), (ACME, "E8"), (ACME, "T1")]


TABLES = sorted(metadata.tables)
NARROW = {"credentials", "queue", "tenants"}


def test_row_level_security_shows_only_the_tenant_that_is_set(postgres: PostgresDatabase) -> None:
    store = Store.open(postgres.url)
    with store.write() as work:
        work.directory.add_tenant(ACME, "Acme", 1)
    fill(store)
    store.close()
    for table in TABLES:
        count = f"SELECT count(*) FROM {table}"
        assert postgres.ask(count)[0][0] >= 1, table
        assert postgres.ask(count, role="auscult_app", tenant="acme")[0][0] >= 1, table
        for stranger in ("", "beta", "ACME", "acme "):
            assert postgres.ask(count, role="auscult_app", tenant=stranger) == [(0,)], table


def test_row_level_security_binds_the_owner_too(postgres: PostgresDatabase) -> None:
    store = Store.open(postgres.url)
    fill(store)
    store.close()
    for table in TABLES:
        flags = "SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE relname = "
        assert postgres.ask(f"{flags}'{table}'") == [(True, True)], table
        if table not in NARROW:
            count = f"SELECT count(*) FROM {table}"
            assert postgres.ask(count, role=postgres.user) == [(0,)], table


FORBIDDEN = (
    "INSERT INTO secrets VALUES ('beta', 'x', 'y')",
    "INSERT INTO queue VALUES ('effect', 'beta', 'x', 1, '', 0, 0)",
    "UPDATE secrets SET tenant = 'beta'",
    "UPDATE audit SET actor = 'nobody'",
    "DELETE FROM audit",
    "DELETE FROM audit_heads",
    "TRUNCATE secrets",
    "DELETE FROM tenants",
    "DROP TABLE secrets",
    "ALTER TABLE secrets DISABLE ROW LEVEL SECURITY",
    "DROP POLICY own_tenant ON secrets",
)


def test_the_application_role_may_do_no_more_than_its_work(postgres: PostgresDatabase) -> None:
    store = Store.open(postgres.url)
    fill(store)
    store.close()
    for statement in FORBIDDEN:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            postgres.ask(statement, role="auscult_app", tenant="acme")


def test_the_dispatcher_sees_no_payload(postgres: PostgresDatabase) -> None:
    may = postgres.ask(
        "SELECT table_name FROM information_schema.role_table_grants"
        " WHERE grantee = 'auscult_dispatcher' AND privilege_type = 'SELECT' ORDER BY 1"
    )
    assert {row[0] for row in may} == NARROW
    for table in set(TABLES) - NARROW:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            postgres.ask(f"SELECT 1 FROM {table}", role="auscult_dispatcher")


def test_the_tenant_does_not_outlive_its_transaction(postgres: PostgresDatabase) -> None:
    store = Store.open(postgres.url)
    fill(store)
    for _ in range(20):  # every connection of the pool
        with store.write() as work:
            assert work.of(BETA).incidents.get("I1") is None
        with store.read() as work:
            assert work.directory.find("h") is not None
    with store._writer.connect() as connection:
        told = connection.exec_driver_sql(
            "SELECT current_setting('app.tenant', true), current_user"
        ).one()
    assert tuple(told) == ("", postgres.user)
    store.close()


def test_a_foreign_object_and_a_missing_one_look_the_same(store: Store) -> None:
    fill(store)
    with store.read() as work:
        rows = work.of(BETA)
        assert rows.incidents.get("I1") == rows.incidents.get("no such") is None
    with pytest.raises(ObjectMissing), store.write() as work:
        work.of(BETA).effects.wish(effect(tenant=ACME))
