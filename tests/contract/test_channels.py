"""What every channel keeps: each answer is read rightly, nothing is followed, no secret is said."""

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import ValidationError

from auscult.kernel.alerts import Alert, Group, fingerprints
from auscult.kernel.errors import EffectError, ReceiverRefused, ReceiverUnavailable
from auscult.kernel.incidents import ChangeKind
from auscult.notification import CHANNELS, Channel
from auscult.notification.messages import Message, render, render_group
from auscult.runtime.outbound import open_http
from tests.receiver import LOOPBACK, Answer, Receiver, receiving
from tests.story import ACME, AT_MS, a_change, an_incident

SECRET = "tell-nobody-0123456789"
KEY = "01J9INCIDENT:opened:1:x"
FAST_S = 0.3
SETTINGS: dict[str, dict[str, Any]] = {
    "webhook": {"url": "{url}/hook?token=" + SECRET, "secret": SECRET, "timeout_s": FAST_S},
    "slack": {"url": "{url}/services/" + SECRET, "timeout_s": FAST_S},
    "pagerduty": {"url": "{url}/v2/enqueue", "routing_key": SECRET, "timeout_s": FAST_S},
    "teams": {"url": "{url}/workflows/" + SECRET + "?sig=" + SECRET, "timeout_s": FAST_S},
    "telegram": {"api_url": "{url}", "token": SECRET, "chat_id": -1001, "timeout_s": FAST_S},
    "discord": {"url": "{url}/api/webhooks/1/" + SECRET, "timeout_s": FAST_S},
    "sms": {
        "url": "{url}/messages",
        "headers": {"Authorization": SECRET},
        "to": "+491701234567",
        "timeout_s": FAST_S,
    },
}
BOT = {"api_url": "{url}/api", "token": SECRET, "channel": "C1", "timeout_s": FAST_S}
ELSEWHERE = {
    "apprise",
    "console",
    "email",
}  # see the tests that bear their names
FORMS = [*SETTINGS.items(), ("slack", BOT)]
FORM_IDS = [*SETTINGS, "slack-bot"]
TAKEN = {
    "webhook": Answer(204, b""),
    "slack": Answer(200, b'{"ok": true, "channel": "C1", "ts": "1.2"}'),
    "pagerduty": Answer(202, b'{"status": "success"}'),
    "teams": Answer(202, b""),
    "telegram": Answer(200, b'{"ok": true, "result": {"message_id": 5}}'),
    "discord": Answer(200, b'{"id": "123"}'),
    "sms": Answer(201, b'{"sid": "SM1"}'),
}


def an_alert(name: str = "Disk", **changed: Any) -> Alert:
    labels = (("alertname", name), ("severity", "critical"))
    told: dict[str, Any] = {"generator_url": "https://prometheus.example/graph"} | changed
    return Alert(fingerprints([labels])[0], labels, (), AT_MS, 2 * AT_MS, AT_MS, **told)


def group_message(*alerts: Alert) -> Message:
    group = Group("a" * 64, '{}:{alertname="Disk"}', "team", (("alertname", "Disk"),), 0, 0)
    said = render_group(group, (alerts or (an_alert(),), ()), tenant=ACME, at_ms=AT_MS)
    return said.model_copy(update={"thread": f"{group.id}:{AT_MS}"})


SAID = {
    "incident": render(an_incident(), a_change(ChangeKind.OPENED), base_url="https://h"),
    "group": group_message(),
}


def make(form: tuple[str, dict[str, Any]], url: str) -> Channel:
    name, settings = form
    filled = {
        key: value.replace("{url}", url) if isinstance(value, str) else value
        for key, value in settings.items()
    }
    return CHANNELS.make(name, filled)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as here:
        yield here


async def send(channel: Channel, what: str = "incident", key: str = KEY) -> str:
    async with open_http(LOOPBACK) as http:
        payload = SAID[what].model_dump(mode="json")
        told = await channel.deliver(payload, key=key, at_ms=AT_MS, http=http)
        return told.remark


def test_every_channel_on_the_shelf_is_tested() -> None:
    assert set(CHANNELS.names()) == {*SETTINGS, *ELSEWHERE}


@pytest.mark.parametrize("what", SAID)
@pytest.mark.parametrize("form", FORMS, ids=FORM_IDS)
async def test_2xx_is_done(form: tuple[str, dict[str, Any]], what: str, receiver: Receiver) -> None:
    receiver.answer = TAKEN[form[0]]
    assert not await send(make(form, receiver.url), what), "all went well: nothing to say"
    assert len(receiver.got) == 1


@pytest.mark.parametrize("form", FORMS, ids=FORM_IDS)
@pytest.mark.parametrize("status", [301, 307, 400, 401, 403, 404, 410, 413])
async def test_a_refusal_is_final_and_a_redirect_is_not_followed(
    form: tuple[str, dict[str, Any]], status: int, receiver: Receiver
) -> None:
    receiver.answer = Answer(status, b"no", {"Location": f"{receiver.url}/elsewhere"})
    with pytest.raises(ReceiverRefused, match=str(status)):
        await send(make(form, receiver.url))
    assert len(receiver.got) == 1


@pytest.mark.parametrize("form", FORMS, ids=FORM_IDS)
async def test_429_is_tried_again_when_the_receiver_says(
    form: tuple[str, dict[str, Any]], receiver: Receiver
) -> None:
    receiver.answer = Answer(429, b"slow down", {"Retry-After": "7"})
    with pytest.raises(ReceiverUnavailable) as why:
        await send(make(form, receiver.url))
    assert (why.value.retry_after_ms, why.value.is_busy) == (7_000, True)
    assert why.value.reached_nobody


@pytest.mark.parametrize("form", FORMS, ids=FORM_IDS)
async def test_a_time_to_come_again_is_read_by_the_receivers_own_clock(
    form: tuple[str, dict[str, Any]], receiver: Receiver
) -> None:
    times = ("Sat, 21 Nov 2026 07:30:00 GMT", "Sat, 21 Nov 2026 07:28:00 GMT")
    receiver.answer = Answer(429, b"", dict(zip(("Retry-After", "Date"), times, strict=True)))
    with pytest.raises(ReceiverUnavailable) as why:
        await send(make(form, receiver.url))
    assert why.value.retry_after_ms == 120_000


@pytest.mark.parametrize("form", FORMS, ids=FORM_IDS)
@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_5xx_is_tried_again(
    form: tuple[str, dict[str, Any]], status: int, receiver: Receiver
) -> None:
    receiver.answer = Answer(status)
    with pytest.raises(ReceiverUnavailable, match=str(status)) as why:
        await send(make(form, receiver.url))
    assert why.value.reached_nobody is (status == 503), "behind a gateway it may have arrived"
    assert not why.value.is_busy


@pytest.mark.parametrize("what", SAID)
@pytest.mark.parametrize("form", FORMS, ids=FORM_IDS)
async def test_no_answer_after_it_was_taken_is_tried_again_under_the_same_key(
    form: tuple[str, dict[str, Any]], what: str, receiver: Receiver
) -> None:
    receiver.answer = Answer(after_s=FAST_S * 4)
    channel = make(form, receiver.url)
    with pytest.raises(ReceiverUnavailable, match="no answer within") as why:
        await send(channel, what)
    assert not why.value.reached_nobody
    receiver.answer = TAKEN[form[0]]
    await send(channel, what)
    (_, headers, body), (_, again, body_again) = receiver.got
    assert body == body_again, "a receiver that takes keys must see the same thing twice"
    assert headers.get("webhook-id") == again.get("webhook-id")


@pytest.mark.parametrize("form", FORMS, ids=FORM_IDS)
async def test_nobody_there_is_tried_again(form: tuple[str, dict[str, Any]]) -> None:
    async with receiving() as gone:
        url = gone.url
    with pytest.raises(ReceiverUnavailable, match="cannot be reached") as why:
        await send(make(form, url))
    assert why.value.reached_nobody


@pytest.mark.parametrize("form", FORMS, ids=FORM_IDS)
async def test_a_receiver_that_hangs_up_at_once_is_tried_again(
    form: tuple[str, dict[str, Any]],
) -> None:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(ReceiverUnavailable) as why:
            await send(make(form, f"http://127.0.0.1:{port}"))
    assert not why.value.reached_nobody, "it may have taken it before"


@pytest.mark.parametrize("form", FORMS, ids=FORM_IDS)
@pytest.mark.parametrize("status", [200, 302, 400, 429, 500])
async def test_no_secret_is_said_even_when_the_receiver_says_it(
    form: tuple[str, dict[str, Any]], status: int, receiver: Receiver
) -> None:
    echo = json.dumps({"ok": False, "error": SECRET, "message": f"bad key {SECRET}"}).encode()
    receiver.answer = Answer(status, echo)
    channel = make(form, receiver.url)
    said = repr(channel) if form[0] != "webhook" else ""  # a URL is no secret of its repr
    try:
        said += await send(channel)
    except EffectError as why:
        said += str(why) + repr(why)
    assert SECRET not in said


@pytest.mark.parametrize("form", FORMS, ids=FORM_IDS)
async def test_an_answer_without_end_is_not_waited_for(
    form: tuple[str, dict[str, Any]], receiver: Receiver
) -> None:
    receiver.answer = Answer(400, b"x" * 5_000_000)
    with pytest.raises(ReceiverRefused) as why:
        await send(make(form, receiver.url))
    assert len(str(why.value)) < 400


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ("channel_not_found", ReceiverRefused),
        ("invalid_auth", ReceiverRefused),
        ("ratelimited", ReceiverUnavailable),
        ("internal_error", ReceiverUnavailable),
    ],
)
@pytest.mark.parametrize("settings", [BOT, SETTINGS["slack"]], ids=["bot", "url"])
async def test_slack_says_no_with_200(
    settings: dict[str, Any], error: str, kind: type[EffectError], receiver: Receiver
) -> None:
    receiver.answer = Answer(200, json.dumps({"ok": False, "error": error}).encode())
    with pytest.raises(kind, match=error):
        await send(make(("slack", settings), receiver.url))


WHO = [
    ({"bearer": SECRET}, {"authorization": f"Bearer {SECRET}"}),
    (
        {"basic": {"username": "ana", "password": SECRET}},
        {"authorization": "Basic " + b64encode(f"ana:{SECRET}".encode()).decode()},
    ),
    ({"headers": {"X-Api-Key": SECRET, "X-Scope": "radio"}}, {"x-api-key": SECRET}),
]


@pytest.mark.parametrize(("given", "sent"), WHO)
async def test_a_webhook_says_who_asks_and_says_it_to_nobody_else(
    given: dict[str, Any], sent: dict[str, str], receiver: Receiver
) -> None:
    channel = CHANNELS.make("webhook", {"url": receiver.url, **given})
    await send(channel, "group")
    ((_, headers, _),) = receiver.got
    assert sent.items() <= headers.items()
    assert SECRET not in repr(channel)
    receiver.answer = Answer(401, " ".join([SECRET, *sent.values()]).encode())
    with pytest.raises(ReceiverRefused) as why:
        await send(channel)
    assert not any(one in str(why.value) for one in (SECRET, *sent.values()))


@pytest.mark.parametrize(
    "given",
    [
        {"bearer": "a", "basic": {"username": "u", "password": "p"}},
        {"bearer": "a", "headers": {"authorization": "x"}},
        {"headers": {"Webhook-Id": "x"}},
        {"headers": {"Content-Type": "x"}},
        {"headers": {"X-A": "x\r\nX-B: y"}},
        {"headers": {"X A": "x"}},
        {"basic": {"username": "u:v", "password": "p"}},
        {"bearer": ""},
    ],
)
def test_a_webhook_says_who_asks_in_one_way(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        CHANNELS.make("webhook", {"url": "https://h.example/", **given})


async def test_pagerduty_takes_with_202_only(receiver: Receiver) -> None:
    receiver.answer = Answer(200, b"a login page")
    with pytest.raises(ReceiverRefused, match="202"):
        await send(make(("pagerduty", SETTINGS["pagerduty"]), receiver.url))
