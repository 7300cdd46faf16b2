"""A group of alerts at every channel: each episode has a place of its own, each page is seen."""

import hashlib
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from auscult.kernel.effects import Result
from tests.integration.channels.groups import BASE_URL, HOUR_MS, REPEAT_MS, SOURCE, GroupLife
from tests.integration.channels.test_chats import TOKEN as TELEGRAM_TOKEN
from tests.integration.channels.test_chats import FakeDiscord, FakeTelegram
from tests.integration.channels.test_slack import TOKEN, FakeSlack
from tests.integration.channels.wire import Asked, Reply, listening
from tests.integration.test_channels_mail import Postbox, free_port, settings_for

STEPS = 5
"""It fires, more alerts come, some are over, all are over, it fires again."""

DISCORD = "/api/webhooks/1/secret-0123456789?thread_id=77"


def all_done(life: GroupLife) -> bool:
    return [one.result for one in life.outcomes] == [Result.DONE] * len(life.outcomes)


async def test_slack_has_a_message_for_each_episode_and_shows_what_wants_somebody(
    tmp_path: Path,
) -> None:
    fake = FakeSlack()
    async with listening(fake.answer) as wire:
        settings = {"api_url": f"{wire.url}/api", "token": TOKEN, "channel": "C9"}
        life = GroupLife(tmp_path, "slack", settings)
        await life.story()
        assert len(fake.roots) == 2, "what fires again is a new message, not an edit of the old"
        first, again = (fake.posts[root] for root in fake.roots)
        assert first["text"].startswith("resolved: Over")
        assert again["text"].startswith("critical: disk full on a")
        replies = [said for said in fake.posts.values() if "thread_ts" in said]
        assert {said["thread_ts"] for said in replies} == {fake.roots[0]}
        seen = [said.get("reply_broadcast", False) for said in replies]
        assert seen == [True, False, False], "more alerts; some over; all over"
        await life.wait(REPEAT_MS + HOUR_MS)
        assert list(fake.posts.values())[-1].get("reply_broadcast"), "the repeat is seen"
        assert len(fake.roots) == 2
    assert all_done(life)


async def test_a_slack_webhook_tells_every_step_anew(tmp_path: Path) -> None:
    async with listening(lambda _: (200, b"ok")) as wire:
        life = GroupLife(tmp_path, "slack", {"url": f"{wire.url}/services/T/B/x"})
        await life.story()
        texts = [asked.data["text"] for asked in wire.got]
    assert all_done(life)
    assert [text.partition(":")[0] for text in texts] == [
        *("critical", "critical", "critical", "resolved", "critical"),
    ]


async def test_telegram_has_a_message_for_each_episode(tmp_path: Path) -> None:
    fake = FakeTelegram()
    async with listening(fake.answer) as wire:
        settings = {"api_url": wire.url, "token": TELEGRAM_TOKEN, "chat_id": -1001}
        life = GroupLife(tmp_path, "telegram", settings)
        await life.story()
    assert all_done(life)
    replied = [said.get("reply_parameters", {}).get("message_id") for said in fake.texts.values()]
    assert replied == [None, 1, 1, 1, None]
    assert fake.texts[1]["text"].startswith("Over")
    assert fake.texts[5]["text"].startswith("disk full on a")


async def test_discord_has_a_message_for_each_episode(tmp_path: Path) -> None:
    fake = FakeDiscord()
    async with listening(fake.answer) as wire:
        life = GroupLife(tmp_path, "discord", {"url": wire.url + DISCORD})
        await life.story()
        methods = [asked.method for asked in wire.got]
    assert all_done(life)
    assert methods == ["POST", *["PATCH", "POST"] * 3, "POST"]
    assert [("embeds" in said) for said in fake.texts.values()] == [True, *[False] * 3, True]


@pytest.fixture
def mails() -> Iterator[tuple[Postbox, dict[str, Any]]]:
    box = Postbox()
    controller = Controller(box, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield box, settings_for(controller) | {"security": "none"}
    controller.stop()


async def test_every_mail_has_its_own_id_and_refers_to_the_first_of_its_episode(
    tmp_path: Path, mails: tuple[Postbox, dict[str, Any]]
) -> None:
    box, settings = mails
    life = GroupLife(tmp_path, "email", settings)
    await life.story()
    await life.wait(REPEAT_MS + HOUR_MS)
    assert all_done(life)
    ids = [mail["Message-ID"] for mail in box.mails]
    assert len(set(ids)) == STEPS + 1
    refers = [mail["References"] for mail in box.mails]
    assert refers == [None, ids[0], ids[0], ids[0], None, ids[4]]
    first, *rest = (mail["Subject"] for mail in box.mails)
    assert rest == [
        *[f"Re: {first}"] * 3,
        box.mails[4]["Subject"],
        f"Re: {box.mails[4]['Subject']}",
    ]
    assert not box.mails[4]["Subject"].startswith("Re:")


def check_pagerduty(asked: Asked) -> Reply:
    said = asked.data
    assert said["event_action"] in {"trigger", "resolve"}
    assert 0 < len(said["dedup_key"]) <= 255
    return 202, {"status": "success", "dedup_key": said["dedup_key"]}


async def test_pagerduty_hears_an_end_under_the_key_of_the_beginning(tmp_path: Path) -> None:
    async with listening(check_pagerduty) as wire:
        settings = {"routing_key": "r", "url": f"{wire.url}/v2/enqueue"}
        life = GroupLife(tmp_path, "pagerduty", settings)
        await life.story()
        events = [asked.data for asked in wire.got]
    assert all_done(life)
    assert [one["event_action"] for one in events] == [
        *("trigger", "trigger", "trigger", "resolve", "trigger"),
    ]
    key = hashlib.sha256(b'{}:{alertname="Disk"}').hexdigest()
    assert {one["dedup_key"] for one in events} == {key}, (
        "the one that Alertmanager opened it under"
    )


def check_webhook(asked: Asked) -> Reply:
    said = asked.data["data"]["message"]
    assert {"thread", "is_aside", "kept", "alerts"} & set(said) == set()
    return 204, b""


def check_alertmanager(asked: Asked) -> Reply:
    said = asked.data
    assert said["version"] == "4"
    assert said["externalURL"] == BASE_URL
    assert {one["generatorURL"] for one in said["alerts"]} == {SOURCE}
    firing = [one for one in said["alerts"] if one["status"] == "firing"]
    assert said["status"] == ("firing" if firing else "resolved")
    return 204, b""


def check_card(asked: Asked) -> Reply:
    (attachment,) = asked.data["attachments"]
    assert attachment["content"]["type"] == "AdaptiveCard"
    return 202, b""


def check_sms(asked: Asked) -> Reply:
    assert 0 < len(asked.data["text"]) <= 160
    return 201, {"sid": "SM1"}


@pytest.mark.parametrize(
    ("use", "settings", "check"),
    [
        ("webhook", {"url": "{url}/hook"}, check_webhook),
        ("webhook", {"url": "{url}/hook", "form": "alertmanager"}, check_alertmanager),
        ("teams", {"url": "{url}/workflows/x"}, check_card),
        ("sms", {"url": "{url}/messages", "to": "+491701234567"}, check_sms),
    ],
    ids=["standard", "alertmanager", "teams", "sms"],
)
async def test_a_receiver_without_threads_is_told_every_step(
    use: str, settings: dict[str, str], check: Callable[[Asked], Reply], tmp_path: Path
) -> None:
    async with listening(check) as wire:
        filled = {name: one.replace("{url}", wire.url) for name, one in settings.items()}
        life = GroupLife(tmp_path, use, filled)
        await life.story()
        assert len(wire.got) == STEPS
    assert all_done(life)


async def test_alertmanagers_form_has_all_alerts_in_one_order_whatever_fires(
    tmp_path: Path,
) -> None:
    async with listening(check_alertmanager) as wire:
        settings = {"url": f"{wire.url}/hook", "form": "alertmanager"}
        life = GroupLife(tmp_path, "webhook", settings)
        await life.fires("c", "a", "b", after_ms=1)
        await life.ends("a")
        told = [(one["labels"]["instance"], one["status"]) for one in wire.got[1].data["alerts"]]
    assert told == [("a", "resolved"), ("b", "firing"), ("c", "firing")]


async def test_the_console_has_a_line_for_every_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    into = io.StringIO()
    monkeypatch.setattr("sys.stdout", into)
    life = GroupLife(tmp_path, "console", {})
    await life.story()
    assert all_done(life)
    assert [("resolved" in line) for line in into.getvalue().splitlines()] == [
        *(False, False, False, True, False),
    ]
