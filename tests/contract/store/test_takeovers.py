"""Takeovers come in the order they were made; of a calendar the last copy is kept."""

import pytest

from auscult.kernel.errors import BodyTooLarge
from auscult.store import Store
from tests.contract.store.words import ACME, calendar, takeover


def test_takeovers_that_have_not_ended_are_read_in_the_order_they_were_made(store: Store) -> None:
    with store.write() as work:
        rows = work.of(ACME).takeovers
        rows.put(takeover("O1", made_ms=3))
        rows.put(takeover("O2", made_ms=1, ends_ms=20_000))
        rows.put(takeover("O3", made_ms=2, ends_ms=5_000))
    with store.read() as work:
        rows = work.of(ACME).takeovers
        assert [one.id for one in rows.ending_after(0)] == ["O2", "O3", "O1"]
        assert [one.id for one in rows.ending_after(5_000)] == ["O2", "O1"]
        assert [one.id for one in rows.ending_after(0, limit=1)] == ["O2"]
        assert rows.get("O1") == takeover("O1", made_ms=3)
        assert rows.get("O9") is None


def test_a_takeover_is_changed_removed_and_forgotten(store: Store) -> None:
    with store.write() as work:
        rows = work.of(ACME).takeovers
        rows.put(takeover())
        rows.put(takeover(ends_ms=2_000))
        rows.put(takeover("O2"))
        assert [one.ends_ms for one in rows.ending_after(0)] == [2_000, 9_000]
        assert rows.forget(2_000) == 0
        assert rows.forget(2_001) == 1
        assert rows.remove("O2")
        assert not rows.remove("O2")
        assert rows.ending_after(0) == []


def test_of_a_calendar_the_last_copy_is_kept(store: Store) -> None:
    with store.write() as work:
        rows = work.of(ACME).calendars
        rows.put(calendar())
        rows.put(calendar("BEGIN:VCALENDAR\nX", read_ms=8))
        rows.put(calendar("a\x00b", layer="other"))
    with store.write() as work:
        rows = work.of(ACME).calendars
        assert rows.get("nights", "vendor") == calendar("BEGIN:VCALENDAR\nX", read_ms=8)
        kept = rows.get("nights", "other")
        assert kept is not None
        assert "\x00" not in kept.text
        assert rows.places() == [("nights", "other"), ("nights", "vendor")]
        assert rows.remove("nights", "other")
        assert not rows.remove("nights", "other")
        assert rows.places() == [("nights", "vendor")]


def test_a_calendar_that_is_too_large_is_refused(store: Store) -> None:
    with pytest.raises(BodyTooLarge), store.write() as work:
        work.of(ACME).calendars.put(calendar("x" * ((1 << 20) + 1)))
