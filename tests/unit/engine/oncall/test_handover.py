"""Handovers: a timer for each schedule, and a message for those who come on and go off, once."""

import pytest

from auscult.engine.oncall.handover import HANDOVER_TIMER, set_timer
from auscult.engine.oncall.takeovers import KEPT_MS, end, in_force, take_over
from auscult.engine.wiring import Plans
from auscult.kernel.effects import Effect
from auscult.kernel.facts import Rang, Timer
from auscult.kernel.oncall import Takeover
from auscult.kernel.times import DAY_MS, HOUR_MS
from auscult.notification.oncall import OnCall
from auscult.runtime.clock import FakeClock
from tests.unit.engine.bench import ACME, Bench, Told, found
from tests.unit.engine.oncall.scene import SETTINGS, START_MS, look, plans_of, section, take

NEXT_MS = START_MS + 21 * HOUR_MS
NO_CALLS = {"policy": ""}


@pytest.fixture
def bench(bench: Bench) -> Bench:
    bench.clock = FakeClock(START_MS)
    return bench


def arrange(bench: Bench, oncall: OnCall) -> None:
    with bench.store.write() as work:
        now_ms = bench.clock.now_ms()
        for schedule in in_force(work.of(ACME), oncall, now_ms - KEPT_MS).schedules:
            set_timer(work.of(ACME), schedule, since_ms=now_ms, now_ms=now_ms)


def waiting(bench: Bench) -> Timer | None:
    with bench.store.read() as work:
        known = work.of(ACME)
        key = f"oncall:{DIGEST}:{HANDOVER_TIMER}"
        return known.timers.get(key)


DIGEST = "de5c9050dc18c72f"


def ring(bench: Bench, plans: Plans, *, late_ms: int = 0) -> int:
    """Let time pass until the handover, ring its timer, and return how many messages follow."""
    timer = waiting(bench)
    assert timer is not None
    bench.clock.advance(ms=max(0, timer.due_ms + late_ms - bench.clock.now_ms()))
    return take(bench, Rang(timer=timer), plans).effects


def told(bench: Bench, at_ms: int) -> list[Effect]:
    name = f"handover-{DIGEST}-{at_ms}"
    return look(bench, lambda rows: [row.effect for row in rows.effects.of(name)])  # type: ignore[no-any-return]


def test_those_who_come_on_and_go_off_are_told_by_their_first_contact(bench: Bench) -> None:
    oncall = section()
    take(bench, found(at_ms=START_MS), plans_of(section(**NO_CALLS)))
    arrange(bench, oncall)
    assert ring(bench, plans_of(oncall)) == 2
    messages = told(bench, NEXT_MS)
    assert [one.to for one in messages] == ["ada-chat", "bob-mail"], "a pager takes no notes"
    said = messages[0].payload
    assert said["title"] == "Handover in nights: ada to bob"
    lines = said["text"].splitlines()
    assert lines[0] == "Handover in nights, Tue 1 Dec 2026 09:00 UTC (UTC)"
    assert lines[1].startswith("Off: ada, on call since")
    assert lines[2].startswith("On: bob, until Wed 2 Dec 2026 09:00 UTC")
    assert lines[-1].startswith("Open: warning, encode is slow")
    assert said["link"] == "http://auscult.example/oncall"
    later = waiting(bench)
    assert later is not None
    assert later.due_ms == NEXT_MS + DAY_MS


def test_a_timer_that_rings_twice_tells_once(bench: Bench) -> None:
    oncall = section()
    arrange(bench, oncall)
    timer = waiting(bench)
    assert timer is not None
    assert ring(bench, plans_of(oncall)) == 2
    assert take(bench, Rang(timer=timer), plans_of(oncall)).effects == 0
    assert len(told(bench, NEXT_MS)) == 2


def test_after_an_outage_the_last_handover_is_told_and_no_other(bench: Bench) -> None:
    oncall = section()
    arrange(bench, oncall)
    bench.clock.advance(ms=3 * DAY_MS)
    arrange(bench, oncall)  # as a start does: what is due is left to ring
    assert ring(bench, plans_of(oncall)) == 2
    assert told(bench, NEXT_MS) == []
    assert len(told(bench, NEXT_MS + 2 * DAY_MS)) == 2
    later = waiting(bench)
    assert later is not None
    assert later.due_ms == NEXT_MS + 3 * DAY_MS


def test_whoever_takes_over_now_is_told_now_and_again_at_the_end(bench: Bench) -> None:
    oncall = section()
    arrange(bench, oncall)
    bench.clock.advance(ms=HOUR_MS + 300)
    now_ms = bench.clock.now_ms()
    wished = Takeover(
        id="O1", schedule="nights", person="bob", starts_ms=now_ms, ends_ms=now_ms + HOUR_MS
    )
    with bench.store.write() as work:
        take_over(work.of(ACME), oncall, wished, now_ms=now_ms)
    assert ring(bench, plans_of(oncall)) == 2
    (first, _) = told(bench, now_ms - 300)
    assert "On: bob" in first.payload["text"]
    assert ring(bench, plans_of(oncall)) == 2
    (first, _) = told(bench, now_ms - 300 + HOUR_MS)
    assert "On: ada" in first.payload["text"]


def test_a_takeover_that_is_ended_hands_back_at_that_moment(bench: Bench) -> None:
    oncall = section()
    wished = Takeover(
        id="O1", schedule="nights", person="bob", starts_ms=START_MS, ends_ms=START_MS + 4 * HOUR_MS
    )
    with bench.store.write() as work:
        take_over(work.of(ACME), oncall, wished, now_ms=START_MS)
    assert ring(bench, plans_of(oncall)) == 2
    now_ms = bench.clock.advance(ms=HOUR_MS)
    with bench.store.write() as work:
        end(work.of(ACME), oncall, ("nights", "O1"), by="ada", now_ms=now_ms)
    assert ring(bench, plans_of(oncall)) == 2
    assert len(told(bench, now_ms)) == 2


def test_who_has_no_way_to_be_told_is_said_in_the_log(bench: Bench) -> None:
    oncall = section()
    arrange(bench, oncall)
    assert ring(bench, plans_of(oncall, {"ops": Told()})) == 0
    name = f"handover-{DIGEST}-{NEXT_MS}"
    said = look(bench, lambda rows: [one.detail["sentence"] for one in rows.audit.of(name)])
    assert said == ["Handover in nights, ada to bob; told: nobody"]


def test_where_it_is_switched_off_nothing_waits_and_nothing_is_told(bench: Bench) -> None:
    oncall = section()
    arrange(bench, oncall)
    off = section(
        SETTINGS.replace(
            "time_zone: UTC\n    layers", "time_zone: UTC\n    handover: false\n    layers"
        )
    )
    assert not off.schedule("nights").handover
    assert ring(bench, plans_of(off)) == 0
    assert waiting(bench) is None
    arrange(bench, oncall)
    assert waiting(bench) is not None
    arrange(bench, off)
    assert waiting(bench) is None


def test_a_schedule_that_changed_so_that_nobody_comes_on_tells_nobody(bench: Bench) -> None:
    arrange(bench, section())
    alone = section(SETTINGS.replace("people: [ada, bob]", "people: [ada]"))
    assert ring(bench, plans_of(alone)) == 0
    assert waiting(bench) is None, "nobody comes on within 400 days"
    gone = section(schedules=[], policies=[], policy="")
    arrange(bench, section())
    assert ring(bench, plans_of(gone)) == 0
