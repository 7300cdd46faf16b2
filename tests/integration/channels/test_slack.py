"""Slack as a bot: one message per incident that is edited in place, a thread of its steps."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from auscult.kernel.errors import ReceiverRefused, ReceiverUnavailable
from auscult.kernel.incidents import ChangeKind
from tests.integration.channels.story import LIFE, Telling
from tests.integration.channels.wire import Asked, Reply, Wire, listening

TOKEN = "xoxb-0123456789"


@dataclass(slots=True)
class FakeSlack:
    """Keeps messages as Slack does: `chat.update` needs a place and a ts that exist."""

    posts: dict[str, dict[str, Any]] = field(default_factory=dict)
    says: dict[str, str] = field(default_factory=dict)

    def answer(self, asked: Asked) -> Reply:
        assert asked.method == "POST"
        assert asked.headers["content-type"] == "application/json; charset=utf-8"
        if asked.headers.get("authorization") != f"Bearer {TOKEN}":
            return 200, {"ok": False, "error": "invalid_auth"}
        method = asked.path.rpartition("/")[2]
        if method in self.says:
            return 200, {"ok": False, "error": self.says[method]}
        said = asked.data
        assert len(said["text"]) <= 4_000
        assert 1 <= len(said["blocks"]) <= 50
        if method == "chat.update":
            if said["channel"] != "C9" or said["ts"] not in self.posts:
                return 200, {"ok": False, "error": "message_not_found"}
            self.posts[said["ts"]] = said
            return 200, {"ok": True, "channel": "C9", "ts": said["ts"], "text": said["text"]}
        assert method == "chat.postMessage"
        if said.get("thread_ts", next(iter(self.posts), "")) not in {*self.posts, ""}:
            return 200, {"ok": False, "error": "thread_not_found"}
        ts = f"1795490000.00000{len(self.posts)}"
        self.posts[ts] = said
        return 200, {"ok": True, "channel": "C9", "ts": ts, "message": {}}

    @property
    def roots(self) -> list[str]:
        return [ts for ts, said in self.posts.items() if "thread_ts" not in said]


@pytest.fixture
async def slack() -> AsyncIterator[tuple[FakeSlack, Wire, Telling]]:
    fake = FakeSlack()
    async with listening(fake.answer) as wire:
        settings = {
            "api_url": f"{wire.url}/api",
            "token": TOKEN,
            "channel": "#ops",
            "signing_secret": "s",
        }
        yield fake, wire, Telling("slack", settings)


Room = tuple[FakeSlack, Wire, Telling]


def buttons_of(said: dict[str, Any]) -> list[str]:
    rows = [block for block in said["blocks"] if block["type"] == "actions"]
    return [one["action_id"] for row in rows for one in row["elements"]]


async def test_an_incident_is_one_message_that_is_edited_and_a_thread(slack: Room) -> None:
    fake, _, telling = slack
    for kind in LIFE:
        assert (await telling.tell(kind)).remark == ""
    (root,) = fake.roots
    assert fake.posts[root]["text"].startswith("resolved: Over after")
    replies = [said for said in fake.posts.values() if "thread_ts" in said]
    assert [said["thread_ts"] for said in replies] == [root] * 3
    texts = [said["text"] for said in replies]
    assert "Now critical" in texts[0]
    assert "Taken by ana" in texts[1]
    assert "Over after" in texts[2]
    assert [said.get("reply_broadcast", False) for said in replies] == [True, False, False]


@pytest.mark.parametrize(
    ("kind", "is_seen"),
    [
        (ChangeKind.OPENED, True),
        (ChangeKind.ESCALATED, True),
        (ChangeKind.RELEASED, True),
        (ChangeKind.RETURNED, True),
        (ChangeKind.WORSENED, True),
        (ChangeKind.ACKNOWLEDGED, False),
        (ChangeKind.RESOLVED, False),
    ],
)
async def test_a_reply_that_wants_somebody_is_seen_beside_the_thread(
    slack: Room, kind: ChangeKind, is_seen: bool
) -> None:
    fake, _, telling = slack
    await telling.tell(ChangeKind.OPENED)
    await telling.tell(kind)
    (reply,) = [said for said in fake.posts.values() if "thread_ts" in said]
    assert reply.get("reply_broadcast", False) is is_seen


async def test_the_buttons_are_those_that_can_be_asked_for_now(slack: Room) -> None:
    fake, _, telling = slack
    seen = []
    for kind in (ChangeKind.OPENED, ChangeKind.ACKNOWLEDGED, ChangeKind.RESOLVED):
        await telling.tell(kind)
        seen.append(buttons_of(fake.posts[fake.roots[0]]))
    assert seen == [["acknowledge", "silence", "escalate"], ["silence", "escalate"], []]
    assert all(not buttons_of(said) for said in fake.posts.values() if "thread_ts" in said)
    await telling.tell(ChangeKind.RETURNED)
    rows = fake.posts[fake.roots[0]]["blocks"]
    assert rows[-1]["elements"][0]["value"] == "01J9INCIDENT"


async def test_without_a_signing_secret_nothing_can_be_pressed(slack: Room) -> None:
    fake, _, telling = slack
    del telling.settings["signing_secret"]
    await telling.tell(ChangeKind.OPENED)
    assert buttons_of(fake.posts[fake.roots[0]]) == []


async def test_an_attempt_made_again_edits_again_and_replies_once_more_at_most(
    slack: Room,
) -> None:
    fake, wire, telling = slack
    await telling.tell(ChangeKind.OPENED)
    fake.says = {"chat.postMessage": "ratelimited"}
    with pytest.raises(ReceiverUnavailable):
        await telling.tell(ChangeKind.RESOLVED)
    fake.says = {}
    await telling.tell(ChangeKind.RESOLVED)
    assert [asked.path.rpartition(".")[2] for asked in wire.got] == [
        *("postMessage", "update", "postMessage", "update", "postMessage"),
    ]
    assert len(fake.posts) == 2


async def test_where_the_first_message_is_gone_a_new_one_takes_its_place(slack: Room) -> None:
    fake, _, telling = slack
    await telling.tell(ChangeKind.OPENED)
    fake.posts.clear()
    told = await telling.tell(ChangeKind.ACKNOWLEDGED)
    assert "message_not_found" in told.remark
    assert len(fake.roots) == 1
    assert (await telling.tell(ChangeKind.RESOLVED)).remark == ""
    assert len(fake.roots) == 1


async def test_where_it_may_not_be_edited_any_more_the_thread_goes_on(slack: Room) -> None:
    fake, _, telling = slack
    await telling.tell(ChangeKind.OPENED)
    fake.says = {"chat.update": "edit_window_closed"}
    told = await telling.tell(ChangeKind.RESOLVED)
    assert told.remark == "the first message could not be edited (edit_window_closed)"
    assert len(fake.roots) == 1
    assert len(fake.posts) == 2


@pytest.mark.parametrize(
    ("method", "kind"),
    [("chat.postMessage", ChangeKind.OPENED), ("chat.update", ChangeKind.RESOLVED)],
)
async def test_a_wrong_token_is_said_plainly(slack: Room, method: str, kind: ChangeKind) -> None:
    fake, _, telling = slack
    if kind is ChangeKind.RESOLVED:
        await telling.tell(ChangeKind.OPENED)
    fake.says = {method: "token_revoked"}
    if kind is ChangeKind.OPENED:
        with pytest.raises(ReceiverRefused, match="token_revoked"):
            await telling.tell(kind)
    else:
        assert "token_revoked" in (await telling.tell(kind)).remark


async def test_a_webhook_tells_every_step_anew_and_keeps_nothing() -> None:
    def answer(asked: Asked) -> Reply:
        assert asked.path == "/services/T/B/x"
        assert "authorization" not in asked.headers
        return 200, b"ok"

    async with listening(answer) as wire:
        telling = Telling("slack", {"url": f"{wire.url}/services/T/B/x"})
        for kind in LIFE:
            assert (await telling.tell(kind)).kept == {}
        assert len(wire.got) == 4
