"""Texts by a gateway: the body it wants, at most 160 characters that every phone has."""

from typing import Any
from urllib.parse import parse_qs

import pytest
from pydantic import ValidationError

from auscult.kernel.errors import ReceiverRefused, ReceiverUnavailable
from auscult.kernel.incidents import ChangeKind
from auscult.notification import CHANNELS
from auscult.notification.forms.sms import basic, fill_body, render_sms
from auscult.notification.messages import SoFar
from tests.integration.channels.story import Telling, message
from tests.integration.channels.wire import Asked, Reply, listening

ANN, BOB = "+491701111111", "+491702222222"


async def test_a_gateway_is_sent_the_form_it_wants() -> None:
    def answer(asked: Asked) -> Reply:
        assert asked.method == "POST"
        assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
        assert asked.headers["authorization"] == "Basic c2VjcmV0"
        form = parse_qs(asked.body.decode(), strict_parsing=True)
        assert form["To"] == [ANN]
        assert len(form["Body"][0]) <= 160
        assert form["Body"][0].isascii()
        return 201, {"sid": "SM1"}

    async with listening(answer) as wire:
        settings = {
            "url": f"{wire.url}/Messages.json",
            "format": "form",
            "headers": {"Authorization": "Basic c2VjcmV0"},
            "body": {"To": "{to}", "From": "auscult", "Body": "{text}"},
            "to": ANN,
        }
        await Telling("sms", settings).tell(ChangeKind.OPENED, title="Läuft – nicht…" + "x" * 60)
        assert len(wire.got) == 1


async def test_each_number_is_told_and_only_who_was_missed_is_told_again() -> None:
    busy = {BOB}

    def answer(asked: Asked) -> Reply:
        return (503 if asked.data["msg"]["to"] in busy else 200), {}

    async with listening(answer) as wire:
        body = {"msg": {"to": "{to}", "parts": ["{text}"]}, "ref": "{key}"}
        telling = Telling("sms", {"url": wire.url, "body": body, "to": [ANN, BOB]})
        with pytest.raises(ReceiverUnavailable) as why:
            await telling.tell(ChangeKind.OPENED)
        so_far = SoFar.model_validate(why.value.so_far)
        assert (so_far.left, so_far.reached) == ((BOB,), True)
        busy.clear()
        await telling.tell(ChangeKind.OPENED, so_far=so_far)
        assert [asked.data["msg"]["to"] for asked in wire.got] == [ANN, BOB, BOB]
        assert {asked.data["ref"] for asked in wire.got} == {"i:opened"}


async def test_a_number_the_gateway_never_takes_is_named_by_its_end() -> None:
    def answer(asked: Asked) -> Reply:
        return (400 if BOB in asked.body.decode() else 200), {}

    async with listening(answer) as wire:
        told = await Telling("sms", {"url": wire.url, "to": [ANN, BOB]}).tell(ChangeKind.OPENED)
        assert told.remark.startswith("never taken for …2222: sms answered 400")
        with pytest.raises(ReceiverRefused, match="2222"):
            await Telling("sms", {"url": wire.url, "to": [BOB]}).tell(ChangeKind.OPENED)


def test_a_text_is_short_and_of_characters_that_cost_one_each() -> None:
    assert basic("Läuft – “nicht”… 5×") == 'Lauft - "nicht"... 5x'
    assert basic("{a}[b]~音") == "?a??b???"
    long = message(ChangeKind.OPENED, title="x" * 80, link="https://h/" + "y" * 59)
    assert len(render_sms(long)) <= 160
    assert render_sms(long).endswith("y" * 59)
    longer = message(ChangeKind.OPENED, title="x" * 80, link="https://h/" + "y" * 90)
    assert "https" not in render_sms(longer)
    assert render_sms(message(ChangeKind.RESOLVED)).startswith("over: Over after")


def test_a_value_is_never_read_as_a_template() -> None:
    values = {"to": "{text}", "text": "{to}{key}", "key": "k"}
    assert fill_body({"a": "{to}-{text}-{key}"}, values) == {"a": "{text}-{to}{key}-k"}
    assert fill_body(["{text}{text}", 5, None], values) == ["{to}{key}{to}{key}", 5, None]


@pytest.mark.parametrize(
    "changed",
    [
        {"body": {"to": "{to}"}},
        {"body": {"text": "{text}"}},
        {"format": "form", "body": {"a": "{to}", "b": {"c": "{text}"}}},
        {"to": "my number"},
        {"to": []},
        {"method": "GET"},
        {"body": {"a": [[[[[["{to}{text}"]]]]]]}},
    ],
)
def test_wrong_settings_are_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        CHANNELS.make("sms", {"url": "https://x", "to": ANN} | changed)
