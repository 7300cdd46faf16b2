"""What every action keeps: four verbs by name, honest errors, no secret in what is shown."""

from contextlib import suppress
from typing import Any

import pytest
from pydantic import ValidationError

from auscult.kernel.errors import PreconditionFailed, ReceiverRefused, ReceiverUnavailable
from auscult.remediation import ACTIONS, Action
from auscult.remediation.decide import ActionRequest
from tests.receiver import receiving
from tests.story import ACME

SECRET = "tell-nobody-0123456789"
SETTINGS: dict[str, dict[str, Any]] = {
    "supervisor": {
        "url": "{url}",
        "username": "u",
        "password": SECRET,
        "health_url": "http://{instance}/healthz",
    },
    "http": {"url": "{url}", "secret": SECRET, "dry_run": True, "verify_url": "http://{instance}/"},
}
WRONG: list[tuple[str, dict[str, Any]]] = [
    ("supervisor", {}),
    ("supervisor", {"socket": "/s", "url": "http://x"}),
    ("supervisor", {"socket": "/s", "process": "{servce}"}),
    ("supervisor", {"socket": "/s", "health_url": "file:///etc/passwd"}),
    ("supervisor", {"socket": "/s", "typo": 1}),
    ("http", {}),
    ("http", {"url": "file:///x"}),
    ("http", {"url": "http://x", "secret": "whsec_*"}),
    ("http", {"url": "http://x", "verify_url": "{instance}"}),
    ("http", {"url": "http://x", "verify_url": "http://{nobody}"}),
]


def make(name: str, url: str) -> Action:
    filled = {
        key: value.replace("{url}", url) if isinstance(value, str) else value
        for key, value in SETTINGS[name].items()
    }
    return ACTIONS.make(name, filled)


def payload(**values: str) -> dict[str, Any]:
    request = ActionRequest(
        key="run:plan:1",
        run="run",
        tenant=ACME,
        incident="i",
        runbook="b",
        target="encode",
        values=values,
    )
    plan = {"target": "x", "sentence": "s", "precondition": "p"}
    return {"run": "run", "request": request.model_dump(mode="json"), "plan": plan}


def test_every_action_on_the_shelf_is_tested() -> None:
    assert set(ACTIONS.names()) == set(SETTINGS)


@pytest.mark.parametrize("name", sorted(SETTINGS))
async def test_nobody_there_is_worth_another_try(name: str) -> None:
    async with receiving() as gone:
        url = gone.url
    asked = payload(service="encode", instance="x:1")
    with pytest.raises(ReceiverUnavailable) as why:
        await make(name, url).perform("plan", asked, is_scraped=lambda address: address == "x:1")
    assert SECRET not in str(why.value)


@pytest.mark.parametrize("name", sorted(SETTINGS))
async def test_a_finding_that_names_no_safe_target_is_refused_before_any_call(name: str) -> None:
    async with receiving() as receiver:
        for values in ({"service": "encode"}, {"service": "encode", "instance": "x/../y"}):
            with pytest.raises(PreconditionFailed, match="instance"):
                await make(name, receiver.url).perform("plan", payload(**values))
        assert not receiver.got


@pytest.mark.parametrize("name", sorted(SETTINGS))
async def test_a_host_that_a_label_names_is_refused_unless_it_is_scraped_or_allowed(
    name: str,
) -> None:
    asked = payload(service="encode", instance="black.hole:1")
    async with receiving() as receiver:
        with pytest.raises(PreconditionFailed, match=r"black\.hole:1 is no target"):
            await make(name, receiver.url).perform("plan", asked, is_scraped=lambda _: False)
        assert not receiver.got
        allowed = make(name, receiver.url).model_copy(update={"instances": ("black.*:1",)})
        with suppress(ReceiverRefused):  # it answers, but not as a supervisord
            await allowed.perform("plan", asked, is_scraped=lambda _: False)
        assert receiver.got


@pytest.mark.parametrize("name", sorted(SETTINGS))
async def test_an_unknown_verb_is_refused(name: str) -> None:
    with pytest.raises(ReceiverRefused, match="explode"):
        await make(name, "http://127.0.0.1:1").perform("explode", payload())


@pytest.mark.parametrize("name", sorted(SETTINGS))
def test_no_secret_is_shown(name: str) -> None:
    action = make(name, "http://127.0.0.1:1")
    assert SECRET not in repr(action) + str(action.model_dump(mode="json"))


@pytest.mark.parametrize(("name", "settings"), WRONG)
def test_wrong_settings_are_refused(name: str, settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ACTIONS.make(name, settings)
