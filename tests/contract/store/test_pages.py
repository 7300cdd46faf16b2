"""Who was called: written with the message, counted by the hour, forgotten when it is withdrawn."""

from auscult.store import Store
from tests.contract.store.words import ACME, effect, outcome, paged


def test_pages_are_read_by_incident_in_the_order_they_are_due(store: Store) -> None:
    with store.write() as work:
        rows = work.of(ACME).pages
        rows.add(
            [paged("E2", due_ms=300), paged(), paged(person="bob"), paged(incident="I2", key="x")]
        )
        rows.add([paged(why="another reason, told later")])
    with store.read() as work:
        rows = work.of(ACME).pages
        assert [(one.key, one.person) for one in rows.of("I1")] == [
            ("E1", "ada"),
            ("E1", "bob"),
            ("E2", "ada"),
        ]
        assert rows.of("I1")[0].why == "on call in week", "the first reason stands"
        assert [one.key for one in rows.coming("I1", 100)] == ["E2"]
        assert rows.of("I1", limit=1) == [paged()]


def test_pages_of_people_are_counted_within_a_time(store: Store) -> None:
    with store.write() as work:
        rows = work.of(ACME).pages
        rows.add([paged(), paged("E2", due_ms=200), paged("E3", due_ms=300, person="bob")])
        rows.add([paged("E4", person="", channel="ops")])
    with store.read() as work:
        assert work.of(ACME).pages.counts(100, 300) == {"ada": 1, "bob": 1}
        assert work.of(ACME).pages.counts(0, 200) == {"ada": 2}


def test_what_is_withdrawn_was_never_wished_and_can_be_wished_anew(store: Store) -> None:
    with store.write() as work:
        rows = work.of(ACME)
        rows.effects.wish(effect())
        rows.pages.add([paged()])
    with store.write() as work:
        rows = work.of(ACME)
        rows.effects.withdraw(["E1", "unknown"])
        rows.pages.withdraw(["E1", "unknown"])
        assert rows.effects.get("E1") is None
        assert rows.pages.of("I1") == []
        assert rows.effects.wish(effect())


def test_what_was_attempted_is_not_withdrawn(store: Store) -> None:
    with store.write() as work:
        rows = work.of(ACME)
        rows.effects.wish(effect())
        rows.effects.settle(outcome())
        rows.effects.withdraw(["E1"])
        assert rows.effects.get("E1") is not None
