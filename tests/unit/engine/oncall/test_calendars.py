"""Calendars of others: read, kept over restarts and outages, bounded, and never led inside."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from auscult.engine.oncall.calendars import EVERY_MS, Calendars
from auscult.engine.wiring import Plans
from auscult.kernel.oncall import CalendarCopy
from auscult.kernel.times import DAY_MS, HOUR_MS
from auscult.kernel.words import Severity
from auscult.notification.oncall import on_call
from auscult.notification.oncall.outlook import Trouble
from auscult.runtime.clock import FakeClock
from auscult.runtime.outbound import Guard, open_http
from tests.receiver import LOOPBACK, Answer, Receiver, receiving
from tests.unit.engine.bench import ACME, Bench
from tests.unit.engine.oncall.scene import START_MS, plans_of, section

CALENDAR = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//vendor//EN
BEGIN:VEVENT
UID:1
DTSTART:20261130T090000Z
DTEND:20261201T090000Z
SUMMARY:{who}
END:VEVENT
END:VCALENDAR
"""


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as one:
        say(one)
        yield one


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with open_http(LOOPBACK) as session:
        yield session


@pytest.fixture
def bench(bench: Bench) -> Bench:
    bench.clock = FakeClock(START_MS)
    return bench


def say(receiver: Receiver, who: str = "Ada", status: int = 200, **more: Any) -> None:
    receiver.answer = Answer(status, CALENDAR.format(who=who).encode(), **more)


def plans_with(url: str) -> Plans:
    layers = [{"name": "vendor", "calendar": url}]
    nights = {"name": "nights", "time_zone": "UTC", "layers": layers}
    return plans_of(section(schedules=[nights]))


def made(bench: Bench, plans: Plans) -> Calendars:
    return Calendars(plans, clock=bench.clock, metrics=bench.metrics)


def who(bench: Bench, plans: Plans) -> list[str]:
    schedule = plans.of(ACME).rules.oncall.schedule("nights")
    return [duty.person for duty in on_call(schedule, bench.clock.now_ms())]


def reads(bench: Bench, result: str) -> float:
    return bench.count("auscult_calendar_reads_total", result=result)


async def refresh(
    calendars: Calendars, plans: Plans, http: aiohttp.ClientSession
) -> list[CalendarCopy]:
    copies = await calendars.refresh(http)
    calendars.dress(plans)
    return [copy for _, copy in copies]


def wrong(calendars: Calendars) -> Trouble:
    (one,) = calendars.troubles(ACME)
    return one


async def test_a_calendar_becomes_the_layer_that_names_it(
    bench: Bench, receiver: Receiver, http: aiohttp.ClientSession
) -> None:
    plans = plans_with(receiver.url + "/secret.ics")
    calendars = made(bench, plans)
    assert who(bench, plans) == []
    (copy,) = await refresh(calendars, plans, http)
    assert who(bench, plans) == ["ada"]
    assert "secret" not in copy.model_dump_json()
    assert "secret" not in repr(plans.of(ACME).rules.oncall)
    assert list(calendars.troubles(ACME)) == []


async def test_it_is_asked_every_few_minutes_and_kept_when_it_changes(
    bench: Bench, receiver: Receiver, http: aiohttp.ClientSession
) -> None:
    plans = plans_with(receiver.url)
    calendars = made(bench, plans)
    assert len(await refresh(calendars, plans, http)) == 1
    assert await refresh(calendars, plans, http) == []
    assert len(receiver.got) == 1, "not asked again so soon"
    bench.clock.advance(ms=EVERY_MS)
    assert await refresh(calendars, plans, http) == [], "what is the same is not written again"
    say(receiver, "Bob")
    bench.clock.advance(ms=EVERY_MS)
    assert len(await refresh(calendars, plans, http)) == 1
    assert who(bench, plans) == ["bob"]
    assert [reads(bench, one) for one in ("changed", "unchanged", "broken")] == [2, 1, 0]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(500), "it answered 500"),
        (Answer(302, headers={"Location": "http://169.254.169.254/"}), "redirects are not"),
        (Answer(200, b"<html>log in</html>"), "no calendar"),
        (Answer(200, b"BEGIN:VCALENDAR\r\n" + b"X" * (1 << 20)), "at most 1048576 bytes"),
    ],
)
async def test_a_broken_answer_leaves_the_last_good_one_in_force_and_is_told(
    bench: Bench,
    receiver: Receiver,
    http: aiohttp.ClientSession,
    answer: Answer,
    said: str,
) -> None:
    plans = plans_with(receiver.url)
    calendars = made(bench, plans)
    await refresh(calendars, plans, http)
    receiver.answer = answer
    bench.clock.advance(ms=EVERY_MS)
    assert await refresh(calendars, plans, http) == []
    assert who(bench, plans) == ["ada"]
    assert reads(bench, "broken") == 1
    trouble = wrong(calendars)
    assert said in trouble.sentence
    assert trouble.sentence.endswith("The one of 5 min ago holds.")
    assert trouble.severity is Severity.INFO
    bench.clock.advance(ms=DAY_MS)
    await refresh(calendars, plans, http)
    assert wrong(calendars).severity is Severity.WARNING, "a day old"
    say(receiver)
    bench.clock.advance(ms=EVERY_MS)
    await refresh(calendars, plans, http)
    assert list(calendars.troubles(ACME)) == []


async def test_one_that_was_never_read_has_nobody_and_is_a_warning(
    bench: Bench, receiver: Receiver, http: aiohttp.ClientSession
) -> None:
    receiver.answer = Answer(404)
    plans = plans_with(receiver.url + "/secret")
    calendars = made(bench, plans)
    await refresh(calendars, plans, http)
    trouble = wrong(calendars)
    assert "it answered 404. It never was" in trouble.sentence
    assert "secret" not in trouble.sentence
    assert trouble.severity is Severity.WARNING


async def test_what_leads_inside_is_not_asked(bench: Bench, receiver: Receiver) -> None:
    plans = plans_with(receiver.url)
    calendars = made(bench, plans)
    async with open_http(Guard()) as guarded:
        await refresh(calendars, plans, guarded)
    assert receiver.got == []
    assert "this machine" in wrong(calendars).sentence


async def test_a_restart_begins_with_the_last_good_one(
    bench: Bench, receiver: Receiver, http: aiohttp.ClientSession
) -> None:
    first = plans_with(receiver.url)
    (copy,) = await refresh(made(bench, first), first, http)
    with bench.store.write() as work:
        work.of(ACME).calendars.put(copy)
    receiver.answer = Answer(503)
    plans = plans_with(receiver.url)
    calendars = made(bench, plans)
    with bench.store.read() as work:
        calendars.recall(work)
    calendars.dress(plans)
    assert who(bench, plans) == ["ada"]
    moved = plans_with(receiver.url + "/another")
    others = made(bench, moved)
    with bench.store.read() as work:
        others.recall(work)
    others.dress(moved)
    assert who(bench, moved) == [], "another address is another calendar"


async def test_a_reload_keeps_what_is_known(
    bench: Bench, receiver: Receiver, http: aiohttp.ClientSession
) -> None:
    plans = plans_with(receiver.url)
    calendars = made(bench, plans)
    await refresh(calendars, plans, http)
    anew = plans_with(receiver.url)
    calendars.dress(anew)
    assert who(bench, anew) == ["ada"]


async def test_names_that_mean_nobody_are_told(
    bench: Bench, receiver: Receiver, http: aiohttp.ClientSession
) -> None:
    say(receiver, "Zed of the vendor")
    plans = plans_with(receiver.url)
    calendars = made(bench, plans)
    await refresh(calendars, plans, http)
    assert wrong(calendars).sentence == (
        "Calendar vendor of nights names nobody that is known: 'Zed of the vendor'."
    )


async def test_what_a_calendar_is_read_for_moves_on_with_the_time(
    bench: Bench, receiver: Receiver, http: aiohttp.ClientSession
) -> None:
    daily = CALENDAR.format(who="Ada").replace("UID:1", "UID:1\nRRULE:FREQ=DAILY")
    receiver.answer = Answer(200, daily.encode())
    plans = plans_with(receiver.url)
    calendars = made(bench, plans)
    await refresh(calendars, plans, http)
    for _ in range(3):
        bench.clock.advance(ms=200 * DAY_MS + HOUR_MS)
        await refresh(calendars, plans, http)
        assert who(bench, plans) == ["ada"]
