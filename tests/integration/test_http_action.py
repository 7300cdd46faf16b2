"""The http action against a receiver of its own: signed, told the phase, and read rightly."""

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from auscult.kernel.errors import PreconditionFailed, ReceiverRefused, ReceiverUnavailable
from auscult.kernel.runs import Plan
from auscult.remediation import ACTIONS
from auscult.remediation.decide import ActionRequest
from tests.receiver import Answer, Receiver, receiving
from tests.story import ACME

SECRET = b"a secret of some length"


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as here:
        yield here


def settings(receiver: Receiver, **more: Any) -> dict[str, Any]:
    secret = "whsec_" + base64.b64encode(SECRET).decode()
    return {"url": f"{receiver.url}/repair", "secret": secret, "timeout_s": 0.5} | more


def payload(verb: str, receiver: Receiver, plan: dict[str, Any] | None = None) -> dict[str, Any]:
    request = ActionRequest(
        key=f"run:{verb}:1",
        run="run",
        tenant=ACME,
        incident="i",
        runbook="b",
        target="encode",
        values={"service": "encode", "instance": receiver.url.removeprefix("http://")},
    )
    return {"run": "run", "request": request.model_dump(mode="json"), "plan": plan}


async def test_the_four_verbs_reach_the_receiver_signed_under_their_keys(
    receiver: Receiver,
) -> None:
    more = {"verify_url": "http://{instance}/healthz", "undo_url": f"{receiver.url}/undo"}
    instances = ["127.0.0.1:*"]
    action = ACTIONS.make("http", settings(receiver, dry_run=True, instances=instances, **more))
    said = {"sentence": "Drain encode.", "precondition": "2 of 3 are up", "undo": "Refill it."}
    receiver.answer = Answer(200, json.dumps(said).encode())
    plan = (await action.perform("plan", payload("plan", receiver)))["plan"]
    assert Plan.model_validate(plan).sentence == "Drain encode."
    assert (plan["undo"], plan["precondition"]) == ("Refill it.", "2 of 3 are up")
    assert plan["facts"]["values"]["service"] == "encode"
    applied = await action.perform("apply", payload("apply", receiver, plan))
    assert applied == {"said": "Drain encode."}
    seen = await action.perform("verify", payload("verify", receiver, plan))
    assert seen["verified"] is True
    await action.perform("undo", payload("undo", receiver, plan))
    paths = [path for path, _, _ in receiver.got]
    assert paths == ["/repair", "/repair", "/healthz", "/undo"]
    posts = [(headers, body) for path, headers, body in receiver.got if path != "/healthz"]
    events = [json.loads(body) for _, body in posts]
    assert [event["data"]["phase"] for event in events] == ["plan", "apply", "undo"]
    assert [event["data"]["dry_run"] for event in events] == [True, False, False]
    for (headers, body), verb in zip(posts, ("plan", "apply", "undo"), strict=True):
        assert headers["webhook-id"] == f"run:{verb}:1"
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        right = base64.b64encode(hmac.digest(SECRET, signed, hashlib.sha256)).decode()
        assert headers["webhook-signature"] == f"v1,{right}"


async def test_without_dry_run_planning_asks_nobody(receiver: Receiver) -> None:
    action = ACTIONS.make("http", settings(receiver))
    plan = (await action.perform("plan", payload("plan", receiver)))["plan"]
    assert not receiver.got
    assert plan["undo"] == ""
    seen = await action.perform("verify", payload("verify", receiver, plan))
    assert seen["verified"] is True


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (412, PreconditionFailed),
        (302, ReceiverRefused),
        (400, ReceiverRefused),
        (404, ReceiverRefused),
        (429, ReceiverUnavailable),
        (503, ReceiverUnavailable),
    ],
)
async def test_a_no_is_read_by_its_status(
    status: int, kind: type[Exception], receiver: Receiver
) -> None:
    action = ACTIONS.make("http", settings(receiver))
    plan = (await action.perform("plan", payload("plan", receiver)))["plan"]
    receiver.answer = Answer(status, b"no", {"Location": f"{receiver.url}/x", "Retry-After": "3"})
    with pytest.raises(kind, match=str(status)) as why:
        await action.perform("apply", payload("apply", receiver, plan))
    assert len(receiver.got) == 1
    if isinstance(why.value, ReceiverUnavailable):
        assert why.value.retry_after_ms == 3_000


async def test_a_late_answer_is_tried_again_under_the_same_key(receiver: Receiver) -> None:
    action = ACTIONS.make("http", settings(receiver))
    plan = (await action.perform("plan", payload("plan", receiver)))["plan"]
    receiver.answer = Answer(after_s=2)
    with pytest.raises(ReceiverUnavailable, match="within"):
        await action.perform("apply", payload("apply", receiver, plan))
    receiver.answer = Answer(200, b"not json")
    said = await action.perform("apply", payload("apply", receiver, plan))
    assert said == {"said": "127.0.0.1 took it."}
    keys = {headers["webhook-id"] for _, headers, _ in receiver.got}
    assert keys == {"run:apply:1"}


async def test_a_sick_verify_address_is_no_proof(receiver: Receiver) -> None:
    action = ACTIONS.make("http", settings(receiver, verify_url="http://{instance}/healthz"))
    asked = payload("plan", receiver)
    plan = (await action.perform("plan", asked, is_scraped=lambda _: True))["plan"]
    for status in (204, 302, 500):
        receiver.answer = Answer(status)
        seen = await action.perform("verify", payload("verify", receiver, plan))
        assert seen["verified"] is False
