"""One attempt at one effect: an outcome, whatever the channel does."""

import asyncio
from typing import Any

import pytest

from auscult.engine.events import perform as module
from auscult.engine.events.perform import perform
from auscult.kernel.effects import EffectKind, Outcome, Result
from auscult.kernel.errors import (
    PreconditionFailed,
    ReceiverRefused,
    ReceiverUnavailable,
    SettingError,
)
from auscult.kernel.words import TenantId
from auscult.notification import CHANNELS, Delivered
from auscult.runtime.outbound import open_http
from tests.receiver import LOOPBACK, Answer, receiving
from tests.unit.engine.bench import Bench, Told, an_effect

HTTP: Any = None


async def attempt(bench: Bench, error: BaseException | None = None, **changed: Any) -> Outcome:
    if error is not None:
        bench.channel = Told.to_raise(error)
    return await perform(an_effect(**changed), bench.plans, http=HTTP, clock=bench.clock)


async def test_done(bench: Bench) -> None:
    outcome = await attempt(bench)
    assert (outcome.result, outcome.reason) == (Result.DONE, "")
    assert outcome.key == "i1:opened:1:ops"
    assert outcome.at_ms == bench.clock.now_ms()
    assert outcome.data == {}, "what nobody reads is not claimed to be kept"
    assert bench.channel.keys == [outcome.key]


async def test_what_people_should_know_of_a_message_that_was_sent_is_said(bench: Bench) -> None:
    bench.channel = Told.to_say("never taken for bob@example.com (550)")
    outcome = await attempt(bench)
    assert (outcome.result, outcome.reason) == (
        Result.DONE,
        "never taken for bob@example.com (550)",
    )


async def test_what_the_next_attempt_must_know_goes_with_the_outcome(bench: Bench) -> None:
    left = {"left": ["bob@example.com"], "reached": True, "remark": ""}
    outcome = await attempt(bench, ReceiverUnavailable("not yet", so_far=left))
    assert outcome.result is Result.RETRY
    assert outcome.data == {"so_far": left}


@pytest.mark.parametrize(
    ("error", "result", "precondition"),
    [
        (ReceiverUnavailable("busy", retry_after_ms=9_000), Result.RETRY, None),
        (TimeoutError(), Result.RETRY, None),
        (ReceiverRefused("never"), Result.REFUSED, False),
        (PreconditionFailed("gone"), Result.REFUSED, True),
        (SettingError("wrong"), Result.REFUSED, False),
        (ZeroDivisionError("a mistake"), Result.RETRY, None),
        (OSError(113, "no route"), Result.RETRY, None),
    ],
)
async def test_every_error_is_an_outcome(
    bench: Bench, error: Exception, result: Result, precondition: bool | None
) -> None:
    outcome = await attempt(bench, error)
    assert outcome.result is result
    assert outcome.reason
    assert outcome.data.get("precondition") is precondition
    asked = isinstance(error, ReceiverUnavailable)
    assert outcome.retry_after_ms == (9_000 if asked else None)


async def test_no_cookie_of_one_receiver_is_kept(bench: Bench) -> None:
    async with receiving() as receiver, open_http(LOOPBACK) as http:
        receiver.answer = Answer(headers={"Set-Cookie": "session=acme; Path=/"})
        url = receiver.url.replace("127.0.0.1", "localhost")
        channel = CHANNELS.make("webhook", {"url": url})
        for key in ("first", "second"):
            payload = an_effect().payload
            await channel.deliver(payload, key=key, at_ms=bench.clock.now_ms(), http=http)
        assert len(receiver.got) == 2
        assert not any("cookie" in headers for _, headers, _ in receiver.got)


async def test_a_long_reason_is_cut(bench: Bench) -> None:
    assert len((await attempt(bench, ValueError("x" * 10_000))).reason) == 500


async def test_what_expired_is_not_attempted(bench: Bench) -> None:
    now_ms = bench.clock.now_ms()
    outcome = await attempt(bench, expires_ms=now_ms - 1)
    assert outcome.result is Result.REFUSED
    assert "expired" in outcome.reason
    assert bench.channel.keys == []
    assert (await attempt(bench, expires_ms=now_ms)).result is Result.DONE


async def test_an_attempt_has_an_end(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    class Silent(Told):
        async def send(self, *_: Any, **__: Any) -> Delivered:
            await asyncio.Event().wait()
            return Delivered()

    monkeypatch.setattr(module, "ATTEMPT_S", 0.05)
    bench.channel = Silent()
    outcome = await asyncio.wait_for(attempt(bench), 2)
    assert outcome.result is Result.RETRY
    assert "no answer within" in outcome.reason


@pytest.mark.parametrize(
    "changed",
    [
        {"to": "gone"},
        {"tenant": TenantId("stranger")},
        {"kind": EffectKind.ACT, "to": "no such runbook", "verb": "apply"},
    ],
)
async def test_what_is_no_longer_configured_is_refused(
    bench: Bench, changed: dict[str, Any]
) -> None:
    outcome = await attempt(bench, **changed)
    assert outcome.result is Result.REFUSED
    assert "not configured" in outcome.reason


async def test_a_payload_that_cannot_be_read_costs_one_attempt(bench: Bench) -> None:
    outcome = await attempt(bench, payload={"nothing": "useful"})
    assert outcome.result is Result.RETRY


async def test_cancelling_is_not_an_outcome(bench: Bench) -> None:
    with pytest.raises(asyncio.CancelledError):
        await attempt(bench, asyncio.CancelledError())
