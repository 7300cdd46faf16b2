"""Takeovers: kept, merged into every question, bounded, ended, and told at their handover."""

from typing import Any

import pytest

from auscult.engine.oncall import takeovers
from auscult.engine.oncall.takeovers import KEPT_MS, TAKEOVERS_MAX, end, in_force, take_over
from auscult.kernel.errors import BodyMalformed, ObjectMissing, StateConflict
from auscult.kernel.oncall import Takeover
from auscult.kernel.times import DAY_MS, HOUR_MS
from auscult.notification.oncall import OnCall, on_call
from auscult.runtime.clock import FakeClock
from tests.unit.engine.bench import ACME, Bench, found
from tests.unit.engine.oncall.scene import START_MS, look, plans_of, section, take


@pytest.fixture
def bench(bench: Bench) -> Bench:
    bench.clock = FakeClock(START_MS)
    return bench


def wish(**more: Any) -> Takeover:
    given = {"starts_ms": START_MS, "ends_ms": START_MS + 8 * HOUR_MS, **more}
    return Takeover(**{"id": "O1", "schedule": "nights", "person": "bob", "by": "bob", **given})


def keep(bench: Bench, wished: Takeover, oncall: OnCall | None = None) -> Takeover:
    with bench.store.write() as work:
        rows, now_ms = work.of(ACME), bench.clock.now_ms()
        return take_over(rows, oncall or section(), wished, now_ms=now_ms)


def who(bench: Bench, at_ms: int) -> list[str]:
    said = look(bench, lambda rows: in_force(rows, section(), at_ms - KEPT_MS))
    return [duty.person for duty in on_call(said.schedule("nights"), at_ms)]


def test_whoever_takes_over_is_on_call_until_the_end_and_no_longer(bench: Bench) -> None:
    assert who(bench, START_MS) == ["ada"]
    keep(bench, wish())
    assert who(bench, START_MS - 1) == ["ada"]
    assert who(bench, START_MS) == ["bob"]
    assert who(bench, START_MS + 8 * HOUR_MS - 1) == ["bob"]
    assert who(bench, START_MS + 8 * HOUR_MS) == ["ada"]
    said = look(bench, lambda rows: [one.detail["sentence"] for one in rows.audit.of("O1")])
    assert said == ["bob takes over nights, 2026-11-30T12:00:00.000Z to 2026-11-30T20:00:00.000Z."]


def test_an_incident_calls_whoever_took_over(bench: Bench) -> None:
    keep(bench, wish())
    settled = take(bench, found(at_ms=START_MS), plans_of(section()))
    assert settled.incident is not None
    pages = look(bench, lambda rows: rows.pages.of(settled.incident.id))
    assert [(one.person, one.why) for one in pages] == [("bob", "on call in nights: override")]


def test_one_of_several_may_be_taken_over_from(bench: Bench) -> None:
    keep(bench, wish(person="cyn", instead_of="ada", reason="dentist"))
    assert who(bench, START_MS) == ["cyn"]
    assert who(bench, START_MS + DAY_MS) == ["bob"]
    with pytest.raises(BodyMalformed, match="never on call there"):
        keep(bench, wish(instead_of="zed"))


@pytest.mark.parametrize(
    ("more", "error", "said"),
    [
        ({"schedule": "days"}, ObjectMissing, "there are: nights"),
        ({"person": "zed"}, BodyMalformed, "there are: ada, bob, cyn"),
        ({"starts_ms": 0, "ends_ms": START_MS}, BodyMalformed, "over already"),
        ({"ends_ms": START_MS + 63 * DAY_MS}, BodyMalformed, "more than 62 days"),
        (
            {"starts_ms": START_MS + 400 * DAY_MS, "ends_ms": START_MS + 401 * DAY_MS},
            BodyMalformed,
            "400 days from now",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(
    bench: Bench, more: dict[str, Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        keep(bench, wish(**more))
    assert look(bench, lambda rows: rows.takeovers.ending_after(0)) == []


def test_there_are_only_so_many(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(takeovers, "TAKEOVERS_MAX", 2)
    assert TAKEOVERS_MAX > 2
    keep(bench, wish(id="O1"))
    keep(bench, wish(id="O2"))
    with pytest.raises(StateConflict, match="there are 2"):
        keep(bench, wish(id="O3"))


def test_one_that_has_begun_ends_now_and_one_that_has_not_is_taken_back(bench: Bench) -> None:
    keep(bench, wish(id="O1"))
    keep(bench, wish(id="O2", starts_ms=START_MS + DAY_MS, ends_ms=START_MS + 2 * DAY_MS))
    bench.clock.advance(ms=HOUR_MS)
    now_ms = bench.clock.now_ms()
    with bench.store.write() as work:
        for name in ("O1", "O2"):
            end(work.of(ACME), section(), ("nights", name), by="ada", now_ms=now_ms)
    assert look(bench, lambda rows: [one.id for one in rows.takeovers.ending_after(0)]) == ["O1"]
    assert who(bench, now_ms - 1) == ["bob"]
    assert who(bench, now_ms) == ["ada"]
    with pytest.raises(ObjectMissing), bench.store.write() as work:
        end(work.of(ACME), section(), ("nights", "O2"), by="ada", now_ms=now_ms)
    with bench.store.write() as work:
        end(work.of(ACME), section(), ("nights", "O1"), by="ada", now_ms=now_ms)
    said = look(bench, lambda rows: [one.action for one in rows.audit.of("O1")])
    assert said == ["oncall.taken_over", "oncall.given_back"], "ended twice is ended once"


def test_a_takeover_of_another_schedule_is_not_found(bench: Bench) -> None:
    keep(bench, wish())
    with pytest.raises(ObjectMissing), bench.store.write() as work:
        end(work.of(ACME), section(), ("days", "O1"), by="ada", now_ms=START_MS)
