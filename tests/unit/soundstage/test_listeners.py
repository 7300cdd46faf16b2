"""What listeners are, when they listen, what they tell, and which rung they take."""

import asyncio
import json
from typing import Any
from urllib.parse import unquote

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from soundstage.listeners.cmcd import round_100, write_headers, write_keys, write_query
from soundstage.listeners.events import MOST_WAITING, Reporter
from soundstage.listeners.ladder import Choice
from soundstage.listeners.load import NIGHT, share_of_peak, simulated_s, wanted_listeners
from soundstage.listeners.persona import DEVICES, NETWORKS, choose_persona
from soundstage.stages.instruments import Instruments

MONDAY_S = 1_700_438_400  # 2023-11-20 00:00 UTC
HOUR_S = 3_600
KEYS: dict[str, Any] = {
    "sid": 'a"b',
    "bl": 5_000,
    "ot": "a",
    "bs": True,
    "su": False,
    "br": 96,
    "st": "l",
}


def test_cmcd_keys_are_sorted_flags_bare_and_free_text_quoted() -> None:
    assert write_keys(KEYS) == 'bl=5000,br=96,bs,ot=a,sid="a\\"b",st=l'
    assert unquote(write_query(KEYS)) == "CMCD=" + write_keys(KEYS)
    assert " " not in write_query(KEYS)
    assert write_query(KEYS).count("=") == 1
    assert [round_100(value) for value in (49, 51, 5_049)] == [0, 100, 5_000]


def test_cmcd_headers_carry_the_keys_the_standard_gives_them() -> None:
    assert write_headers(KEYS) == {
        "CMCD-Object": "br=96,ot=a",
        "CMCD-Request": "bl=5000",
        "CMCD-Status": "bs",
        "CMCD-Session": 'sid="a\\"b",st=l',
    }
    assert write_headers({"su": False}) == {}


def test_a_listener_is_the_same_for_the_same_seed_and_the_mix_is_mixed() -> None:
    people = [choose_persona(1, "acme/x", number) for number in range(300)]
    assert people[7] == choose_persona(1, "acme/x", 7)
    assert people != [choose_persona(2, "acme/x", number) for number in range(300)]
    assert {person.device for person in people} == set(DEVICES)
    phones = sum(person.device == "phone" for person in people)
    assert 0.4 < phones / 300 < 0.6
    for person in people:
        assert person.address.startswith(NETWORKS[person.region] + ".")
        assert 1 <= int(person.address.rpartition(".")[2]) <= 254
        assert person.app_version in person.user_agent


def test_the_week_has_nights_peaks_and_another_weekend() -> None:
    week = [share_of_peak(MONDAY_S + hour * HOUR_S) for hour in range(168)]
    assert NIGHT <= min(week) < 0.2
    assert 0.95 < max(week) <= 1.0
    assert week.index(max(week)) % 24 in {19, 20}
    assert week[8] > 3 * week[3]
    assert week[5 * 24 + 8] < 0.7 * week[8]  # on Saturday people sleep longer
    assert share_of_peak(MONDAY_S) == share_of_peak(MONDAY_S + 168 * HOUR_S)


def test_time_passes_faster_for_listeners_than_on_the_clock() -> None:
    assert simulated_s(1_000.0, 1_010.0, 360.0) == 1_000.0 + HOUR_S
    assert [wanted_listeners(10, share) for share in (0.0, 0.08, 0.5, 1.0)] == [1, 1, 5, 10]


def test_a_player_takes_the_best_rung_its_line_can_carry() -> None:
    choice = Choice((96, 48, 24))
    assert choice.kbps == 96
    for _ in range(10):
        choice.measure(24_000, 2.0)  # 96 kbit/s: too little headroom for 96
    assert choice.kbps == 48
    choice.step_down()
    assert choice.kbps == 24
    choice.step_down()
    assert choice.kbps == 24
    for _ in range(20):
        choice.measure(24_000, 0.01)
    assert choice.kbps == 96


def post(answer: int, count: int) -> tuple[list[dict[str, Any]], str]:
    """(what arrived, the metrics) after telling ``count`` events to a server."""
    arrived: list[dict[str, Any]] = []
    own = Instruments("listeners-acme")

    async def take(request: web.Request) -> web.Response:
        arrived.extend((await request.json())["events"])
        return web.Response(status=answer)

    async def live() -> None:
        app = web.Application()
        app.router.add_post("/events", take)
        async with TestServer(app) as server:
            reporter = Reporter(str(server.make_url("/events")), own)
            assert reporter.on
            for number in range(count):
                reporter.tell("stall", {"session": "s"}, stall_ms=number)
            task = asyncio.create_task(reporter.post())
            async with asyncio.timeout(8):
                while len(arrived) < min(count, MOST_WAITING):
                    await asyncio.sleep(0.05)
                await asyncio.sleep(0.1)
            task.cancel()

    asyncio.run(live())
    return arrived, own.render().decode()


def test_events_are_posted_and_counted_as_what_became_of_them() -> None:
    arrived, metrics = post(202, 3)
    assert [event["stall_ms"] for event in arrived] == [0, 1, 2]
    assert arrived[0]["event"] == "stall"
    assert json.dumps(arrived[0]["at_ms"]).isdecimal()
    assert 'player_events_total{outcome="sent",stage="listeners-acme"} 3.0' in metrics
    metrics = post(500, 2)[1]
    assert 'player_events_total{outcome="refused",stage="listeners-acme"} 2.0' in metrics
    metrics = post(200, MOST_WAITING + 5)[1]
    assert 'player_events_total{outcome="dropped",stage="listeners-acme"} 5.0' in metrics


def test_without_an_address_nothing_is_kept_and_nothing_told() -> None:
    own = Instruments("listeners-acme")
    reporter = Reporter("", own)
    reporter.tell("end", {}, played_s=1.0)
    assert not reporter.on
    assert b"player_events" not in own.render()


@pytest.mark.parametrize("outage", ["http://127.0.0.1:1/events"])
def test_events_nobody_takes_are_dropped_and_counted(outage: str) -> None:
    own = Instruments("listeners-acme")

    async def live() -> None:
        reporter = Reporter(outage, own)
        reporter.tell("end", {}, played_s=1.0)
        task = asyncio.create_task(reporter.post())
        await asyncio.sleep(1.3)
        task.cancel()

    asyncio.run(live())
    assert 'player_events_total{outcome="dropped",stage="listeners-acme"} 1.0' in (
        own.render().decode()
    )


def test_a_choice_follows_another_ladder_to_the_next_rung_below() -> None:
    choice = Choice((96, 48, 24))
    choice.follow((96, 64))
    assert choice.kbps == 96
    choice.follow((128, 64, 32))
    assert choice.kbps == 64
    choice.follow((128, 96))
    assert choice.kbps == 96
