"""What Teams, Telegram and Discord are sent, checked by servers that know their wire contracts."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from auscult.kernel.errors import ReceiverRefused, ReceiverUnavailable
from auscult.kernel.incidents import ChangeKind
from tests.integration.channels.story import LIFE, Telling
from tests.integration.channels.wire import Asked, Reply, Wire, listening

EVIL = "[free](https://evil.example) <@everyone> *x* _y_ @here `z`"
TOKEN = "123456:AAbb-cc_0123456789"


# --- Teams


def check_card(asked: Asked) -> Reply:
    assert asked.method == "POST"
    assert asked.query == {"api-version": "1", "sig": "s3cr3t-0123"}
    assert asked.headers["content-type"] == "application/json"
    assert len(asked.body) <= 28 * 1024
    said = asked.data
    assert said["type"] == "message"
    (attachment,) = said["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert attachment["contentUrl"] is None
    card = attachment["content"]
    assert (card["type"], card["version"]) == ("AdaptiveCard", "1.2")
    assert card["msteams"] == {"width": "full"}
    for block in card["body"]:
        assert block["type"] == "RichTextBlock", "markdown means nothing in there"
        assert all(run["type"] == "TextRun" for run in block["inlines"])
    return 202, b""


async def test_teams_is_sent_a_card_for_every_step() -> None:
    async with listening(check_card) as wire:
        url = f"{wire.url}/workflows/x/triggers/manual/paths/invoke?api-version=1&sig=s3cr3t-0123"
        telling = Telling("teams", {"url": url})
        for kind in LIFE:
            await telling.tell(kind)
        await telling.tell(ChangeKind.OPENED, text="ü" * 2_000, title=EVIL)
        cards = [asked.data["attachments"][0]["content"] for asked in wire.got]
        colours = [card["body"][0]["inlines"][0]["color"] for card in cards]
        assert colours == ["attention", "attention", "attention", "good", "attention"]
        assert cards[-1]["body"][0]["inlines"][0]["text"] == EVIL
        assert cards[0]["actions"][0]["url"] == "https://h.example/incidents/01J9INCIDENT"


# --- Telegram


@dataclass(slots=True)
class FakeTelegram:
    """A chat that numbers messages, as the Bot API answers."""

    texts: dict[int, dict[str, Any]] = field(default_factory=dict)
    says: dict[str, tuple[int, str]] = field(default_factory=dict)

    def answer(self, asked: Asked) -> Reply:
        assert asked.method == "POST"
        bot, _, method = asked.path.strip("/").partition("/")
        if bot != f"bot{TOKEN}":
            return self.no(401, "Unauthorized")
        if method in self.says:
            return self.no(*self.says[method])
        said = asked.data
        assert said["chat_id"] == "-1001"
        assert "parse_mode" not in said, "no text is read as markup"
        assert 1 <= len(said["text"].encode("utf-16-le")) // 2 <= 4_096
        if method == "editMessageText":
            if said["message_id"] not in self.texts:
                return self.no(400, "Bad Request: message to edit not found")
            if self.texts[said["message_id"]]["text"] == said["text"]:
                return self.no(400, "Bad Request: message is not modified: the same")
            number = said["message_id"]
        else:
            assert method == "sendMessage"
            number = len(self.texts) + 1
        self.texts[number] = said
        return 200, {"ok": True, "result": {"message_id": number, "chat": {"id": -1001}}}

    def no(self, status: int, why: str) -> Reply:
        told: dict[str, Any] = {"ok": False, "error_code": status, "description": why}
        if status == 429:
            told["parameters"] = {"retry_after": 7}
        return status, told


@pytest.fixture
async def telegram() -> AsyncIterator[tuple[FakeTelegram, Wire, Telling]]:
    fake = FakeTelegram()
    async with listening(fake.answer) as wire:
        settings = {
            "api_url": wire.url,
            "token": TOKEN,
            "chat_id": -1001,
            "secret_token": "t" * 20,
        }
        yield fake, wire, Telling("telegram", settings)


Chat = tuple[FakeTelegram, Wire, Telling]


async def test_telegram_has_one_message_that_is_edited_and_replies_to_it(telegram: Chat) -> None:
    fake, _, telling = telegram
    for kind in LIFE:
        await telling.tell(kind)
    assert len(fake.texts) == 4
    assert fake.texts[1]["text"].startswith("Over after")
    assert fake.texts[1]["reply_markup"] == {"inline_keyboard": []}
    for number in (2, 3, 4):
        to = fake.texts[number]["reply_parameters"]
        assert to == {"message_id": 1, "allow_sending_without_reply": True}
    entity = fake.texts[4]["entities"][0]
    assert fake.texts[4]["text"][: entity["length"]].startswith("Over after")


async def test_a_button_carries_at_most_64_bytes(telegram: Chat) -> None:
    fake, _, telling = telegram
    await telling.tell(ChangeKind.OPENED)
    (row,) = fake.texts[1]["reply_markup"]["inline_keyboard"]
    assert [one["callback_data"] for one in row] == [
        *("acknowledge:01J9INCIDENT", "silence:01J9INCIDENT", "escalate:01J9INCIDENT"),
    ]
    assert all(len(one["callback_data"].encode()) <= 64 for one in row)
    fake.texts.clear()
    telling.kept = {}
    await telling.tell(ChangeKind.OPENED, incident="A" * 54)
    (row,) = fake.texts[1]["reply_markup"]["inline_keyboard"]
    assert [one["callback_data"] for one in row] == [f"silence:{'A' * 54}", f"escalate:{'A' * 54}"]


async def test_telegram_says_in_the_body_when_to_come_again(telegram: Chat) -> None:
    fake, _, telling = telegram
    fake.says = {"sendMessage": (429, "Too Many Requests: retry after 7")}
    with pytest.raises(ReceiverUnavailable) as why:
        await telling.tell(ChangeKind.OPENED)
    assert why.value.retry_after_ms == 7_000


async def test_an_edit_that_changes_nothing_is_no_failure(telegram: Chat) -> None:
    fake, _, telling = telegram
    await telling.tell(ChangeKind.OPENED)
    assert (await telling.tell(ChangeKind.OPENED)).remark == ""
    assert len(fake.texts) == 2


async def test_a_message_that_is_gone_is_posted_anew(telegram: Chat) -> None:
    fake, _, telling = telegram
    await telling.tell(ChangeKind.OPENED)
    fake.texts.clear()
    told = await telling.tell(ChangeKind.RESOLVED)
    assert told.remark == "the first message was gone"
    assert "reply_parameters" not in fake.texts[1]


async def test_a_telegram_bot_without_rights_is_refused_without_its_token(telegram: Chat) -> None:
    fake, _, telling = telegram
    fake.says = {"sendMessage": (403, f"Forbidden: bot {TOKEN} was kicked")}
    with pytest.raises(ReceiverRefused) as why:
        await telling.tell(ChangeKind.OPENED)
    assert "was kicked" in str(why.value)
    assert TOKEN not in str(why.value)


# --- Discord


@dataclass(slots=True)
class FakeDiscord:
    """A webhook: POST with `wait` answers with the message, PATCH edits it."""

    texts: dict[str, dict[str, Any]] = field(default_factory=dict)

    def answer(self, asked: Asked) -> Reply:
        assert asked.query.get("thread_id") == "77"
        said = asked.data
        assert said["allowed_mentions"] == {"parse": []}
        assert len(said.get("content", "")) <= 2_000
        for embed in said.get("embeds", []):
            lengths = [len(embed["title"]), len(embed["description"])]
            lengths += [len(one["name"]) + len(one["value"]) for one in embed["fields"]]
            assert len(embed["title"]) <= 256
            assert len(embed["description"]) <= 4_096
            assert sum(lengths) <= 6_000
            assert embed["description"].replace("\\", "")
        if asked.method == "PATCH":
            number = asked.path.rpartition("/messages/")[2]
            if number not in self.texts:
                return 404, {"message": "Unknown Message", "code": 10008}
            self.texts[number] |= said
            return 200, {"id": number}
        assert asked.method == "POST"
        assert asked.path == "/api/webhooks/1/secret-0123456789"
        assert asked.query["wait"] == "true"
        number = f"11790000000000000{len(self.texts)}"
        self.texts[number] = said
        return 200, {"id": number, "content": ""}


async def test_discord_has_one_message_that_is_edited_and_a_line_for_each_step() -> None:
    fake = FakeDiscord()
    async with listening(fake.answer) as wire:
        url = f"{wire.url}/api/webhooks/1/secret-0123456789?thread_id=77"
        telling = Telling("discord", {"url": url})
        for kind in LIFE:
            await telling.tell(kind)
        first, *rest = fake.texts.values()
        assert first["embeds"][0]["title"].startswith("Over after")
        assert [("embeds" in one) for one in rest] == [False] * 3
        assert [asked.method for asked in wire.got] == ["POST", *(["PATCH", "POST"] * 3)]
        fake.texts.clear()
        assert (await telling.tell(ChangeKind.RESOLVED)).remark == "the first message was gone"


async def test_what_a_label_says_is_no_markup_and_calls_nobody_in_discord() -> None:
    fake = FakeDiscord()
    async with listening(fake.answer) as wire:
        url = f"{wire.url}/api/webhooks/1/secret-0123456789?thread_id=77"
        fields = (("service", "*" * 200),) * 20
        telling = Telling("discord", {"url": url})
        await telling.tell(ChangeKind.OPENED, title=EVIL, text="*" * 2_000, fields=fields)
        (said,) = fake.texts.values()
        assert said["embeds"][0]["title"].startswith("\\[free\\]\\(https:")
        assert "\\<\\@everyone\\>" in said["embeds"][0]["title"]


async def test_discord_says_in_the_body_when_to_come_again() -> None:
    def busy(_: Asked) -> Reply:
        return 429, {"message": "You are being rate limited.", "retry_after": 0.65}

    async with listening(busy) as wire:
        telling = Telling("discord", {"url": f"{wire.url}/api/webhooks/1/x"})
        with pytest.raises(ReceiverUnavailable) as why:
            await telling.tell(ChangeKind.OPENED)
        assert why.value.retry_after_ms == 650
