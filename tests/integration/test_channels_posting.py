"""What really goes over the wire, read by a receiver that shares no code with the sender."""

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from auscult.kernel.errors import ReceiverRefused
from auscult.kernel.incidents import ChangeKind, Status
from auscult.notification import CHANNELS
from auscult.notification.decide import Route, wish_messages
from auscult.notification.messages import render
from auscult.runtime.outbound import Guard, open_http
from tests.receiver import LOOPBACK, Answer, Receiver, receiving
from tests.story import AT_MS, a_change, an_incident

NEW = b"a new secret of some length"
OLD = b"an old secret of some length"


def whsec(secret: bytes) -> str:
    return "whsec_" + base64.b64encode(secret).decode()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as here:
        yield here


async def tell(use: str, settings: dict[str, Any], *kinds: ChangeKind) -> None:
    """Take an incident's changes all the way: route, effect, channel."""
    channel = CHANNELS.make(use, settings)
    route = Route(to=("it",))
    async with open_http(LOOPBACK) as http:
        for kind in kinds:
            over = kind is ChangeKind.RESOLVED
            incident = an_incident(status=Status.RESOLVED if over else Status.OPEN)
            told = {} if kind is ChangeKind.OPENED else {"it": "No data from encode"}
            change = a_change(kind)
            (effect,) = wish_messages(incident, [change], [route], now_ms=AT_MS, told=told)
            payload, key = effect.payload, effect.key
            await channel.deliver(payload, key=key, at_ms=AT_MS, http=http)


def check(headers: dict[str, str], body: bytes, secret: bytes) -> bool:
    """Verify as the standard tells receivers to."""
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    right = base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode()
    given = [one.split(",", 1) for one in headers["webhook-signature"].split(" ")]
    return any(version == "v1" and hmac.compare_digest(text, right) for version, text in given)


async def test_a_receiver_verifies_the_signature_with_either_secret(receiver: Receiver) -> None:
    settings = {"url": receiver.url, "secret": whsec(NEW), "old_secret": whsec(OLD)}
    await tell("webhook", settings, ChangeKind.OPENED)
    ((_, headers, body),) = receiver.got
    assert headers["webhook-id"] == "01J9INCIDENT:opened:1:it"
    assert headers["webhook-timestamp"] == str(AT_MS // 1_000)
    assert headers["content-type"] == "application/json"
    assert check(headers, body, NEW)
    assert check(headers, body, OLD)
    assert not check(headers, body, b"another secret")
    assert not check(headers, body.replace(b"encode", b"decode"), NEW)
    assert json.loads(body)["data"]["message"]["title"].startswith("No data from encode")


async def test_a_webhook_without_a_secret_is_not_signed(receiver: Receiver) -> None:
    await tell("webhook", {"url": receiver.url}, ChangeKind.OPENED)
    assert "webhook-signature" not in receiver.got[0][1]


async def test_pagerduty_hears_the_life_of_an_incident_under_one_key(receiver: Receiver) -> None:
    receiver.answer = Answer(202, b'{"status": "success"}')
    settings = {"url": receiver.url, "routing_key": "r" * 32}
    kinds = (ChangeKind.OPENED, ChangeKind.ACKNOWLEDGED, ChangeKind.RESOLVED)
    await tell("pagerduty", settings, *kinds)
    events = [json.loads(body) for _, _, body in receiver.got]
    actions = [event["event_action"] for event in events]
    assert actions == ["trigger", "acknowledge", "resolve"]
    assert {event["dedup_key"] for event in events} == {"01J9INCIDENT"}
    assert events[0]["payload"]["severity"] == "critical"
    assert events[0]["routing_key"] == "r" * 32


async def test_slack_as_a_bot_posts_to_its_channel(receiver: Receiver) -> None:
    receiver.answer = Answer(200, b'{"ok": true, "channel": "C9", "ts": "1.5"}')
    settings = {"api_url": f"{receiver.url}/api", "token": "xoxb-1", "channel": "C9"}
    await tell("slack", settings, ChangeKind.OPENED)
    ((path, headers, body),) = receiver.got
    assert path == "/api/chat.postMessage"
    assert headers["authorization"] == "Bearer xoxb-1"
    assert json.loads(body)["channel"] == "C9"


async def test_slack_by_webhook_posts_to_the_secret_address(receiver: Receiver) -> None:
    await tell("slack", {"url": f"{receiver.url}/services/T/B/x"}, ChangeKind.OPENED)
    ((path, _, body),) = receiver.got
    assert path == "/services/T/B/x"
    assert "No data from encode" in json.loads(body)["text"]


@pytest.mark.parametrize("use", ["webhook", "slack", "pagerduty", "email"])
async def test_a_receiver_inside_is_not_asked_unless_that_is_allowed(
    use: str, receiver: Receiver
) -> None:
    port = int(receiver.url.rpartition(":")[2])
    mail = {"host": "127.0.0.1", "port": port, "sender": "a@b.c", "to": "d@e.f"}
    settings: dict[str, dict[str, Any]] = {
        "webhook": {"url": receiver.url},
        "slack": {"url": receiver.url},
        "pagerduty": {"url": receiver.url, "routing_key": "r"},
        "email": mail | {"security": "none"},
    }
    channel = CHANNELS.make(use, settings[use])
    payload = render(an_incident(), a_change(), base_url="").model_dump(mode="json")
    async with open_http(Guard()) as http:
        with pytest.raises(ReceiverRefused, match="this machine"):
            await channel.deliver(payload, key="k", at_ms=AT_MS, http=http)
    assert not receiver.got
