"""Alerts, groups and silences are kept, found and forgotten alike on both databases."""

from dataclasses import replace
from typing import Any

from sqlalchemy import update

from auscult.kernel.alerts import Span
from auscult.store import Store, TenantRows
from auscult.store.slice import Slice
from auscult.store.tables import alert_groups
from tests.contract.store.words import ACME, BETA, alert, effect, group, silence


def names_in(rows: TenantRows, group_id: str) -> set[str]:
    return {one.fingerprint for one in rows.alerts.of_groups([group_id])[group_id]}


def test_what_is_written_is_read_again(store: Store) -> None:
    noted = replace(alert(), annotations=(("summary", 'é "x"'),), generator_url="http://p/g")
    with store.write() as work:
        rows = work.of(ACME)
        rows.alerts.put([(noted, 1), (replace(alert("a2"), is_timed=True), 2)])
        rows.groups.put([group()])
        rows.groups.enter([("G1", "a1"), ("G1", "a2"), ("G1", "a1")])
        rows.silences.put(silence())
    with store.write() as work:
        rows = work.of(ACME)
        assert rows.alerts.get(["a1", "a2", "a3"]).keys() == {"a1", "a2"}
        assert rows.alerts.get(["a1"])["a1"] == noted
        assert names_in(rows, "G1") == {"a1", "a2"}
        assert rows.groups.get(["G1", "G2"]) == {"G1": group()}
        assert rows.groups.count() == 1
        assert rows.silences.get("S1") == silence()
        rows.groups.leave([("G1", "a1"), ("G2", "a2")])
        rows.alerts.leave(["a1"])
        assert names_in(rows, "G1") == {"a2"}
        assert rows.alerts.of_groups(["G2"]) == {}
        known = rows.alerts.known(["a1", "a2", "a3"])
        assert {name: (one.span, one.inside) for name, one in known.items()} == {
            "a1": (noted.span, 0),
            "a2": (Span(1_000, 9_000, is_timed=True), 2),
        }


def test_a_group_of_an_older_version_is_read(store: Store) -> None:
    old = '["{}","team",{"alertname":"Slow"},1000,0,{"chat":[["a1"],[],1000]}]'
    with store.write() as work:
        rows = work.of(ACME)
        rows.groups.put([replace(group(), decided="seen")])
        assert rows.groups.get(["G1"])["G1"].decided == "seen"
        piece = Slice(rows.groups._slice.transaction, ACME)
        piece.run(update(alert_groups).where(alert_groups.c.tenant == ACME).values(body=old))
        (read,) = rows.groups.page()
        assert (read.decided, read.told["chat"].since_ms) == ("", 0)
        assert replace(read, told=group().told) == group()


def test_messages_about_groups_are_found_by_when_they_were_due(store: Store) -> None:
    about: dict[str, Any] = {"alerts": {"alerts": []}}
    with store.write() as work:
        rows = work.of(ACME)
        for number in range(5):
            one = effect(f"G{number}", due_ms=number * 100)
            rows.effects.wish(one.model_copy(update={"payload": about}))
        other = {"alerts": None, "text": '"alerts":{'}
        rows.effects.wish(effect("I1", due_ms=200).model_copy(update={"payload": other}))
        others = work.of(BETA)
        others.effects.wish(effect("G9", tenant=BETA).model_copy(update={"payload": about}))
    with store.read() as work:
        rows = work.of(ACME)
        first = rows.effects.of_groups(100, 300, limit=2)
        assert [one.effect.key for one in first] == ["G1", "G2"]
        rest = rows.effects.of_groups(100, 300, after="G2", limit=2)
        assert [one.effect.key for one in rest] == ["G3"]


def test_a_change_of_an_alert_is_one_row(store: Store) -> None:
    with store.write() as work:
        rows = work.of(ACME)
        rows.alerts.put([(alert(), 1)])
        rows.alerts.put([(replace(alert(), ends_ms=99_000), 1)])
        assert rows.alerts.get(["a1"])["a1"].ends_ms == 99_000
        assert len(rows.alerts.live(0)) == 1


def test_sources_are_found_while_they_fire(store: Store) -> None:
    with store.write() as work:
        rows = work.of(ACME)
        rows.alerts.put([(alert(), 1)])
        rows.alerts.lie([("P1", "a1"), ("P1", "a1"), ("P2", "a1")])
        assert [one.fingerprint for one in rows.alerts.lying("P1", 8_999)] == ["a1"]
        assert list(rows.alerts.lying("P1", 9_000)) == []
        assert list(rows.alerts.lying("P3", 0)) == []


def test_more_than_one_question_holds_are_found(store: Store) -> None:
    many = [alert(f"a{number:04}") for number in range(1_200)]
    with store.write() as work:
        rows = work.of(ACME)
        rows.alerts.put((one, 1) for one in many)
        assert len(rows.alerts.get([one.fingerprint for one in many])) == 1_200
        first = rows.alerts.live(0, limit=1_000)
        rest = rows.alerts.live(0, after=first[-1].fingerprint)
        assert [one.fingerprint for one in (*first, *rest)] == [one.fingerprint for one in many]


def test_what_is_long_over_is_forgotten_and_what_waits_in_a_group_is_not(store: Store) -> None:
    with store.write() as work:
        rows: TenantRows = work.of(ACME)
        over = (alert("a1"), alert("a2"), alert("a3", ends_ms=50_000))
        rows.alerts.put((one, 0) for one in over)
        rows.alerts.lie([("P1", "a1")])
        rows.groups.put([group(), replace(group("G2"), next_ms=-5_000)])
        rows.groups.enter([("G1", "a2")])
        rows.silences.put(silence())
        assert rows.alerts.forget(10_000) == 1
        assert rows.alerts.get(["a1", "a2", "a3"]).keys() == {"a2", "a3"}
        assert rows.groups.forget(5_000) == 0
        assert rows.groups.forget(5_001) == 1
        assert rows.groups.get(["G1", "G2"]).keys() == {"G1"}
        assert rows.silences.forget(9_000) == 0
        assert rows.silences.forget(9_001) == 1


def test_when_a_group_is_looked_at_is_its_turn_and_asleep_it_has_none(store: Store) -> None:
    with store.write() as work:
        rows = work.of(ACME)
        rows.groups.put([group()])
        assert work.queue.next_due("group") == 2_000
        rows.groups.move([replace(group(), next_ms=5_000, has_flushed=True, count=9)])
        assert work.queue.next_due("group") == 5_000
        (kept,) = rows.groups.get(["G1"]).values()
        assert kept == replace(group(), next_ms=5_000, has_flushed=True), "no more than that"
        rows.groups.move([replace(group(), next_ms=-6_000)])
        assert work.queue.next_due("group") is None
        rows.groups.put([group()])
        rows.groups.drop("G1")
        assert work.queue.next_due("group") is None
