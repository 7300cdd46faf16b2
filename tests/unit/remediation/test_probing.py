"""Where a probe may go: what a label names is scraped or allowed, and some places are nobody's."""

from collections.abc import Mapping
from typing import Any

import aiohttp
import pytest

from auscult.kernel.errors import PreconditionFailed, ReceiverUnavailable
from auscult.remediation.decide import ActionRequest
from auscult.remediation.probing import health_address, probe
from tests.receiver import receiving
from tests.story import ACME

SCRAPED = frozenset({"encode-1:9003", "[::1]:9003"})


def request(
    values: Mapping[str, str] | None = None, *, scraped: frozenset[str] | None = SCRAPED
) -> ActionRequest:
    return ActionRequest(
        key="run:plan:1",
        run="run",
        tenant=ACME,
        incident="i",
        runbook="b",
        target="encode",
        values={"service": "encode", "instance": "encode-1:9003", **(values or {})},
        scraped=scraped,
    )


@pytest.mark.parametrize(
    ("template", "values", "instances", "address"),
    [
        ("", {}, (), ""),
        ("http://{instance}/healthz", {}, (), "http://encode-1:9003/healthz"),
        ("http://{instance}/healthz", {"instance": "[::1]:9003"}, (), "http://[::1]:9003/healthz"),
        ("http://u:p@{instance}", {}, (), "http://u:p@encode-1:9003"),
        ("https://gate.internal/{instance}", {"instance": "x:1"}, (), "https://gate.internal/x:1"),
        ("https://gate.internal?of={service}", {}, (), "https://gate.internal?of=encode"),
        ("http://{service}-1:9003/", {}, ("encode-?:9003",), "http://encode-1:9003/"),
        ("http://{instance}/", {"instance": "10.1.2.3:80"}, ("10.1.*:80",), "http://10.1.2.3:80/"),
    ],
)
def test_a_host_that_is_scraped_allowed_or_fixed_may_be_asked(
    template: str, values: dict[str, str], instances: tuple[str, ...], address: str
) -> None:
    assert health_address(template, request(values), instances) == address


@pytest.mark.parametrize(
    ("template", "values", "instances"),
    [
        ("http://{instance}/healthz", {"instance": "black.hole:9003"}, ()),
        ("http://{instance}/healthz", {"instance": "encode-1:22"}, ()),
        ("http://{instance}.evil/healthz", {"instance": "encode-1:9003"}, ()),
        ("http://{service}:9003/", {"service": "other"}, ("encode-?:9003",)),
        ("http://{label.host}/", {"label.host": "10.1.2.3:81"}, ("10.1.*:80",)),
        ("http://u:p@{instance}/", {"instance": "black.hole:80"}, ()),
        ("http://{instance}/", {"instance": "169.254.169.254"}, ("*",)),
        ("http://169.254.169.254/{service}", {}, ()),
        ("http://{instance}/", {"instance": "[::ffff:169.254.169.254]:80"}, ("*",)),
        ("http://{instance}/", {"instance": "[fe80::1]:80"}, ("*",)),
    ],
)
def test_any_other_host_is_refused_and_named(
    template: str, values: dict[str, str], instances: tuple[str, ...]
) -> None:
    with pytest.raises(PreconditionFailed, match=r"no target|never asked"):
        health_address(template, request(values), instances)


def test_before_it_is_known_what_is_scraped_a_run_waits() -> None:
    with pytest.raises(ReceiverUnavailable):
        health_address("http://{instance}/", request(scraped=None), ())
    assert health_address("http://fixed:80/", request(scraped=None), ())
    assert health_address("http://{instance}/", request(scraped=None), ("encode-*",))


def test_what_is_scraped_is_never_written_down() -> None:
    assert "scraped" not in request().model_dump(mode="json")


async def test_a_name_that_leads_to_what_is_never_asked_is_not_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def resolve(_self: object, host: str, port: int, _family: object) -> list[Any]:
        found = {"hostname": host, "host": "169.254.169.254", "port": port}
        return [found | {"family": 2, "proto": 0, "flags": 0}]

    monkeypatch.setattr(aiohttp.ThreadedResolver, "resolve", resolve)
    with pytest.raises(PreconditionFailed, match="never asked"):
        await probe("http://metadata.example/", within_ms=500)


async def test_who_has_no_address_did_not_fail_to_answer() -> None:
    for url in ("http://nobody.invalid/", "http://"):
        with pytest.raises(PreconditionFailed, match="nobody to ask"):
            await probe(url, within_ms=5_000)


async def test_an_answer_is_its_status_and_silence_is_none() -> None:
    async with receiving() as receiver:
        assert await probe(receiver.url, within_ms=2_000) == 200
        receiver.answer.after_s = 5
        assert await probe(receiver.url, within_ms=100) is None
    assert await probe(receiver.url, within_ms=500) is None
