"""A receiver that refuses a group's message hears of it again when there is something to say."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from auscult.kernel.effects import Result
from tests.integration.channels.groups import HOUR_MS, REPEAT_MS, GroupLife
from tests.integration.channels.wire import Asked, Reply, Wire, listening

Room = tuple[Wire, GroupLife]


def no(_: Asked) -> Reply:
    return 400, b"bad request"


def taken(_: Asked) -> Reply:
    return 204, b""


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    async with listening(no) as wire:
        settings = {"url": f"{wire.url}/hook", "form": "alertmanager"}
        yield wire, GroupLife(tmp_path, "webhook", settings)


def heard(wire: Wire) -> list[list[str]]:
    return [
        [f"{one['status']} {one['labels']['instance']}" for one in asked.data["alerts"]]
        for asked in wire.got
    ]


async def test_what_was_refused_is_one_dead_letter_until_the_group_changes(room: Room) -> None:
    wire, life = room
    await life.fires("a", after_ms=1)
    for _ in range(10):
        await life.wait()
    assert len(wire.got) == len(life.dead_letters()) == 1
    await life.fires("b")
    assert heard(wire)[1:] == [["firing a", "firing b"]]
    wire.answer = taken
    await life.ends("b")
    assert heard(wire)[2:] == [["firing a", "resolved b"]], "the group has changed"
    await life.wait()
    await life.ends("a")
    assert heard(wire)[3:] == [["resolved a"]]
    assert len(life.dead_letters()) == 2


async def test_it_is_tried_again_when_it_would_be_repeated(room: Room) -> None:
    wire, life = room
    await life.fires("a", after_ms=1)
    wire.answer = taken
    await life.wait(REPEAT_MS + HOUR_MS)
    assert heard(wire)[1:] == [["firing a"]]
    assert life.outcomes[-1].result is Result.DONE


async def test_of_what_never_reached_it_no_end_is_told_and_the_next_time_is(room: Room) -> None:
    wire, life = room
    await life.fires("a", after_ms=1)
    wire.answer = taken
    await life.ends("a")
    assert len(wire.got) == 1
    await life.fires("a", after_ms=60_000)
    assert heard(wire)[1:] == [["firing a"]]


async def test_what_knows_of_the_beginning_hears_of_the_end(room: Room) -> None:
    wire, life = room
    wire.answer = taken
    await life.fires("a", after_ms=1)
    wire.answer = no
    await life.fires("b")
    for _ in range(3):
        await life.wait()
    assert len(life.dead_letters()) == 1
    wire.answer = taken
    await life.ends("a", "b")
    assert heard(wire)[2:] == [["resolved a", "resolved b"]]


async def test_a_replay_sends_once_what_still_holds_and_the_end_follows(room: Room) -> None:
    wire, life = room
    await life.fires("a", after_ms=1)
    await life.fires("b")
    first, second = sorted(life.dead_letters(), key=lambda key: key.split(":")[2])
    wire.answer = taken
    done = await life.replay_all()
    assert done == ([second], [first]), "the first was said anew by the second"
    assert heard(wire)[2:] == [["firing a", "firing b"]]
    await life.ends("a", "b")
    assert heard(wire)[3:] == [["resolved a", "resolved b"]]


async def test_a_replay_does_not_wake_anybody_for_what_is_over(room: Room) -> None:
    wire, life = room
    await life.fires("a", after_ms=1)
    await life.ends("a")
    wire.answer = taken
    assert await life.replay_all() == ([], life.dead_letters())
    assert len(wire.got) == 1


async def test_an_end_that_was_refused_is_replayed_unless_it_fires_again(room: Room) -> None:
    wire, life = room
    wire.answer = taken
    await life.fires("a", after_ms=1)
    wire.answer = no
    await life.ends("a")
    (end,) = life.dead_letters()
    wire.answer = taken
    assert await life.replay_all() == ([end], [])
    assert heard(wire)[2:] == [["resolved a"]]
    await life.fires("c", after_ms=60_000)
    wire.answer = no
    await life.ends("c")
    wire.answer = taken
    await life.fires("c", after_ms=60_000)
    told = len(wire.got)
    assert (await life.replay_all()).replayed == []
    assert len(wire.got) == told
