"""Buttons do what they say, or whoever pressed hears in the chat why not."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from auscult.engine.alerts.path import AlertPath
from auscult.engine.inbound import Inbound, Request
from auscult.kernel.alerts import Silence
from auscult.kernel.errors import QueueFull, StateConflict
from auscult.runtime.outbound import open_http
from tests.integration.channels.groups import GroupLife
from tests.integration.channels.senders import (
    SLACK_SECRET,
    TELEGRAM_SECRET,
    Sent,
    slack,
    telegram,
)
from tests.integration.channels.test_chats import TOKEN as TELEGRAM_TOKEN
from tests.integration.channels.test_chats import FakeTelegram
from tests.integration.channels.test_slack import TOKEN, FakeSlack, buttons_of
from tests.integration.channels.wire import Asked, Reply, Wire, listening
from tests.receiver import LOOPBACK
from tests.unit.engine.bench import ACME


class Events:
    """Where facts go: refused with a reason, or written on the life's store."""

    def __init__(self, life: GroupLife, error: Exception | None = None) -> None:
        self.life, self.error = life, error

    async def submit(self, fact: Any) -> None:
        if self.error is not None:
            raise self.error

    async def write(self, job: Any) -> Any:
        if isinstance(self.error, QueueFull):
            raise self.error
        with self.life.bench.store.write() as work:
            return job(work)


@dataclass(slots=True)
class Room:
    """A chat that was told of a group of alerts, and what is answered to who presses there."""

    life: GroupLife
    wire: Wire
    answers: list[dict[str, Any]] = field(default_factory=list)

    async def press(self, sent: Sent, error: Exception | None = None) -> int:
        events: Any = Events(self.life, error)
        clock, plans = self.life.bench.clock, self.life.plans
        settings: Any = type("On", (), {"monitoring_enabled": True})
        alerts = AlertPath(events, plans, settings=settings, clock=clock)
        inbound = Inbound(events, plans, alerts=alerts, clock=clock)
        headers, body = sent
        async with open_http(LOOPBACK) as http:
            asked = Request(headers=headers, query={}, body=body)
            return await inbound.take(ACME, "chat", asked, http=http)

    @property
    def now_s(self) -> int:
        return self.life.bench.clock.now_ms() // 1_000

    @property
    def silences(self) -> list[Silence]:
        with self.life.bench.store.read() as work:
            return list(work.of(ACME).silences.ending_after(self.life.bench.clock.now_ms()))

    def slack(self, action: str, about: str) -> Sent:
        url = f"{self.wire.url}/actions/T1/secret"
        return slack(action, incident=about, at_s=self.now_s, response_url=url)


@asynccontextmanager
async def told_in_slack(tmp_path: Path) -> AsyncIterator[tuple[Room, FakeSlack]]:
    fake, answers = FakeSlack(), list[dict[str, Any]]()

    def answer(asked: Asked) -> Reply:
        if asked.path.startswith("/actions/"):
            answers.append(asked.data)
            return 200, b"ok"
        return fake.answer(asked)

    async with listening(answer) as wire:
        settings = {"api_url": f"{wire.url}/api", "token": TOKEN, "channel": "C9"}
        life = GroupLife(tmp_path, "slack", settings | {"signing_secret": SLACK_SECRET})
        await life.fires("a", "b", after_ms=1)
        yield Room(life, wire, answers), fake


def button(fake: FakeSlack) -> tuple[str, str]:
    (row,) = [one for one in fake.posts[fake.roots[-1]]["blocks"] if one["type"] == "actions"]
    (pressed,) = row["elements"]
    return pressed["action_id"], pressed["value"]


async def test_a_group_can_be_silenced_by_what_its_alerts_have_in_common(tmp_path: Path) -> None:
    async with told_in_slack(tmp_path) as (room, fake):
        assert await room.press(room.slack(*button(fake))) == 1
        (silence,) = room.silences
        assert [str(one) for one in silence.matchers] == [
            *('alertname="Disk"', 'severity="critical"'),
        ]
        assert silence.created_by == "ana (Slack)"
        assert silence.ends_ms - silence.starts_ms == 3_600_000
        (said,) = room.answers
        assert said["response_type"] == "ephemeral"
        assert 'alertname="Disk", severity="critical"' in said["text"]
        posts = len(fake.posts)
        await room.life.fires("c")
        assert len(fake.posts) == posts, "nobody is told of it now"


async def test_of_a_group_that_is_over_nothing_can_be_asked(tmp_path: Path) -> None:
    async with told_in_slack(tmp_path) as (room, fake):
        pressed = button(fake)
        await room.life.ends("a", "b")
        assert buttons_of(fake.posts[fake.roots[-1]]) == []
        await room.press(room.slack(*pressed))
        assert room.silences == []
        assert room.answers[-1]["text"].startswith("Not done: ")
        assert "these alerts are over" in room.answers[-1]["text"]


async def test_alerts_with_nothing_in_common_are_never_silenced_all_at_once(tmp_path: Path) -> None:
    async with told_in_slack(tmp_path) as (room, fake):
        with room.life.bench.store.write() as work:
            rows = work.of(ACME)
            (group,) = rows.groups.page()
            other = room.life.alert_of((("x", "y"),))
            rows.alerts.put([(other, 0)])
            rows.groups.enter([(group.id, other.fingerprint)])
        await room.press(room.slack(*button(fake)))
        assert room.silences == []
        assert "no label in common" in room.answers[-1]["text"]


@pytest.mark.parametrize(
    "error", [StateConflict("no escalation policy is for this incident"), QueueFull("full")]
)
async def test_who_presses_hears_in_slack_why_it_was_not_done(
    error: Exception, tmp_path: Path
) -> None:
    async with told_in_slack(tmp_path) as (room, _):
        sent = room.slack("escalate", "01J9INCIDENT")
        if isinstance(error, QueueFull):
            with pytest.raises(QueueFull):
                await room.press(sent, error)
        else:
            assert await room.press(sent, error) == 1
        (said,) = room.answers
        assert said["text"].startswith("Not done: ")
        assert ("no escalation policy" in said["text"]) is isinstance(error, StateConflict)


async def test_what_was_done_is_seen_in_the_message_and_said_to_nobody(tmp_path: Path) -> None:
    async with told_in_slack(tmp_path) as (room, _):
        assert await room.press(room.slack("acknowledge", "01J9INCIDENT")) == 1
        assert room.answers == []


async def test_an_answer_that_is_not_taken_undoes_nothing(tmp_path: Path) -> None:
    async with told_in_slack(tmp_path) as (room, fake):
        sent = room.slack(*button(fake))
        room.wire.answer = lambda _: (500, b"")
        assert await room.press(sent) == 1
        assert len(room.silences) == 1


async def test_telegram_stops_waiting_and_says_what_came_of_it(tmp_path: Path) -> None:
    fake, answers = FakeTelegram(), list[dict[str, Any]]()

    def answer(asked: Asked) -> Reply:
        if asked.path.endswith("/answerCallbackQuery"):
            answers.append(json.loads(asked.body))
            return 200, {"ok": True, "result": True}
        return fake.answer(asked)

    async with listening(answer) as wire:
        settings = {"api_url": wire.url, "token": TELEGRAM_TOKEN, "chat_id": -1001}
        life = GroupLife(tmp_path, "telegram", settings | {"secret_token": TELEGRAM_SECRET})
        await life.fires("a", after_ms=1)
        room = Room(life, wire)
        ((one,),) = fake.texts[1]["reply_markup"]["inline_keyboard"]
        assert len(one["callback_data"].encode()) <= 64
        assert one["text"] == "Silence 1 h"
        await room.press(telegram(one["callback_data"]))
        assert len(room.silences) == 1
        why = StateConflict("it is over")
        await room.press(telegram("acknowledge:01J9INCIDENT"), why)
        await room.press(telegram("acknowledge:01J9INCIDENT"))
    assert {said["callback_query_id"] for said in answers} == {"4382bfdwdsb323b2d9"}
    texts = [(said["text"].partition(":")[0], said["show_alert"]) for said in answers]
    assert [shown for _, shown in texts] == [True, True, False]
    assert texts[1][0] == "Not done"
    assert "it is over" in answers[1]["text"]
    assert answers[2]["text"] == ""
    assert all(len(said["text"]) <= 200 for said in answers)
