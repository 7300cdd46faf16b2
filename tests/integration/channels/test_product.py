"""The running product and a Slack that answers: told, taken by a button, edited, threaded."""

import asyncio
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.channels.senders import SLACK_SECRET, Sent, slack
from tests.integration.channels.test_slack import TOKEN, FakeSlack
from tests.integration.channels.wire import Asked, Reply, listening
from tests.integration.settings.scene import RULE, incidents, push
from tests.product import Product

TENANT = "acme"
WAIT_S = 30.0


async def until(what: Callable[[], object], why: str) -> None:
    ends_s = time.monotonic() + WAIT_S
    while not what():
        assert time.monotonic() < ends_s, why
        await asyncio.sleep(0.1)


def press(product: Product, sent: Sent, where: str = "acme/chat") -> int:
    headers, body = sent
    request = urllib.request.Request(
        f"{product.url}/api/v1/channels/{where}", data=body, headers=headers, method="POST"
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as why:
        return why.code


@pytest.mark.timeout(180)
async def test_an_incident_is_taken_by_a_button_over_a_kill(tmp_path: Path) -> None:
    fake = FakeSlack()
    async with listening(fake.answer) as wire:
        chat = {
            "use": "slack",
            "api_url": f"{wire.url}/api",
            "token": TOKEN,
            "channel": "C9",
            "signing_secret": SLACK_SECRET,
        }
        routes = [{"to": ["chat"]}]
        tenant = {"detectors": [RULE], "channels": {"chat": chat}, "routes": routes}
        product = Product(tmp_path, {TENANT: tenant})
        key = await asyncio.to_thread(product.key, TENANT)
        await asyncio.to_thread(product.start)
        try:
            assert await asyncio.to_thread(push, product, key, "edge", 1.0) == 204
            await until(lambda: fake.posts, "the page")
            incident = (await asyncio.to_thread(incidents, product, key))[0]["id"]
            await asyncio.sleep(1)
            await asyncio.to_thread(product.kill)
            await asyncio.to_thread(product.start)
            forged = slack(incident=incident, at_s=int(time.time()), secret="guessed")
            assert await asyncio.to_thread(press, product, forged) == 404
            right = slack(incident=incident, at_s=int(time.time()))
            assert await asyncio.to_thread(press, product, right, "nobody/chat") == 404
            assert await asyncio.to_thread(press, product, right) == 200
            await until(lambda: len(fake.posts) == 2, "the reply")
        finally:
            await asyncio.to_thread(product.stop)
    (root,) = fake.roots
    assert "Taken by ana (Slack)" in fake.posts[root]["text"], "the first message, edited"
    (reply,) = [said for said in fake.posts.values() if "thread_ts" in said]
    assert reply["thread_ts"] == root


@pytest.mark.timeout(180)
async def test_a_page_goes_past_a_dead_receiver_and_is_sent_again_when_told(
    tmp_path: Path,
) -> None:
    def dead(_: Asked) -> Reply:
        return 503, b""

    def taken(_: Asked) -> Reply:
        return 204, b""

    def gone(_: Asked) -> Reply:
        return 410, b"gone"

    async with listening(dead) as ops, listening(taken) as other, listening(gone) as third:
        channels = {
            "ops": {"use": "webhook", "url": ops.url, "fallback": "other"},
            "other": {"use": "webhook", "url": other.url},
            "third": {"use": "webhook", "url": third.url},
        }
        routes = [{"to": ["ops", "third"]}]
        tenant = {"detectors": [RULE], "channels": channels, "routes": routes}
        product = Product(tmp_path, {TENANT: tenant})
        key = await asyncio.to_thread(product.key, TENANT, "admin")
        await asyncio.to_thread(product.start)
        try:
            assert await asyncio.to_thread(push, product, key, "edge", 1.0) == 204
            await until(lambda: other.got, "the page by the other channel")
            _, listed = await asyncio.to_thread(product.ask, "/api/v1/deadletters", key)
            (dead_one,) = listed["deadletters"]
            third.answer = taken
            before = len(third.got)
            path = "/api/v1/deadletters/replay"
            status, told = await asyncio.to_thread(product.ask, path, key, body=b"")
            assert (status, told) == (200, {"replayed": [dead_one["key"]], "over": []})
            await until(lambda: len(third.got) > before, "the page sent again")
        finally:
            await asyncio.to_thread(product.stop)
    said = other.got[0]
    assert said.headers["webhook-id"].endswith(":opened:1:ops")
    assert said.data["data"]["message"]["text"].startswith("Told here because ops failed 3 times")
    assert {asked.headers["webhook-id"] for asked in third.got} == {dead_one["key"]}
    assert dead_one["channel"] == "third"
    assert "410" in dead_one["reason"]
