"""Bounds: bodies too large, too slow, lying about themselves; headers on every answer."""

import asyncio

import pytest
from fastapi import FastAPI
from starlette.types import Message

from auscult.kernel.errors import BodyMalformed, BodyTooLarge, BodyTooSlow, QueueFull
from auscult.signals.columns.intake import Accepted
from auscult.surface.api import limits
from auscult.surface.api.errors import STATUS_OF, status_of
from tests.unit.surface.client import ask
from tests.unit.surface.fake_engine import FakeEngine
from tests.unit.surface.fake_series import FakeDecoded

WRITE = "/api/v1/write"
V1 = {"content-type": "application/x-protobuf", "content-encoding": "snappy"}
V2 = V1 | {"content-type": "application/x-protobuf;proto=io.prometheus.write.v2.Request"}


async def test_a_body_above_the_limit_is_refused_before_it_is_read(app: FastAPI) -> None:
    headers = V1 | {"content-length": "1000001"}
    answer = await ask(app, WRITE, method="POST", key="acme-writer", headers=headers)
    assert (answer.status, answer.code) == (413, "input.too_large")


async def test_a_chunked_body_is_counted_while_it_is_read(engine: FakeEngine, app: FastAPI) -> None:
    body = [b"x" * 400_000] * 3
    answer = await ask(app, WRITE, method="POST", key="acme-writer", headers=V1, body=body)
    assert (answer.status, answer.code) == (413, "input.too_large")
    assert engine.written == []


async def test_forms_get_a_small_limit(app: FastAPI) -> None:
    headers = {"sec-fetch-site": "same-origin", "content-type": "application/x-www-form-urlencoded"}
    large = [b"key=" + b"x" * 40_000, b"x" * 40_000]
    answer = await ask(app, "/login", method="POST", headers=headers, body=large)
    assert answer.status == 413
    many = "&".join(f"f{i}=1" for i in range(100)).encode()
    answer = await ask(app, "/login", method="POST", headers=headers, body=many)
    assert answer.status == 400


@pytest.mark.parametrize("length", ["-1", "1e3", "many", "٣"])
async def test_a_lying_content_length_is_malformed(app: FastAPI, length: str) -> None:
    headers = V1 | {"content-length": length}
    answer = await ask(app, WRITE, method="POST", key="acme-writer", headers=headers)
    assert (answer.status, answer.code) == (400, "input.malformed")


async def test_a_slow_body_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "BODY_S", 0.05)

    async def drip() -> Message:
        await asyncio.sleep(0.02)
        return {"type": "http.request", "body": b"x", "more_body": True}

    receive = limits.bounded(drip, 1000)

    async def read_on() -> None:
        for _ in range(10):
            await receive()

    with pytest.raises(BodyTooSlow):
        await read_on()


async def test_waiting_for_the_client_to_go_has_no_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "BODY_S", 0.01)
    messages: list[Message] = [{"type": "http.request", "body": b""}, {"type": "http.disconnect"}]

    async def late() -> Message:
        message = messages.pop(0)
        if message["type"] == "http.disconnect":
            await asyncio.sleep(0.05)
        return message

    receive = limits.bounded(late, 1000)
    await receive()
    assert (await receive())["type"] == "http.disconnect"


async def test_remote_write_answers_what_its_senders_expect(
    engine: FakeEngine, app: FastAPI
) -> None:
    async def write(headers: dict[str, str]) -> tuple[int, dict[str, str]]:
        answer = await ask(app, WRITE, method="POST", key="acme-writer", headers=headers, body=b"x")
        return answer.status, answer.headers

    assert (await write(V1))[0] == 204
    status, headers = await write(V2)
    assert status == 204
    assert headers["x-prometheus-remote-write-samples-written"] == "4"
    assert headers["x-prometheus-remote-write-histograms-written"] == "0"
    assert (await write({"content-type": "application/json"}))[0] == 415
    assert (await write(V1 | {"content-encoding": "gzip"}))[0] == 415
    assert (await write(V1 | {"content-type": "application/x-protobuf;proto=x.y"}))[0] == 415
    engine.accepted = Accepted(accepted=2, out_of_order=1)
    status, headers = await write(V2)
    assert (status, headers["x-prometheus-remote-write-samples-written"]) == (400, "2")
    engine.failure = QueueFull("decoder", retry_after_s=3)
    status, headers = await write(V1)
    assert (status, headers["retry-after"]) == (503, "3")
    engine.failure = BodyMalformed("not snappy", position=4)
    answer = await ask(app, WRITE, method="POST", key="acme-writer", headers=V1, body=b"x")
    assert (answer.status, answer.data["error"]["position"]) == (400, 4)


@pytest.mark.parametrize(
    "content_type",
    [
        'application/x-protobuf;proto="io.prometheus.write.v2.Request"',
        "Application/X-Protobuf; Proto = io.prometheus.write.v2.Request",
    ],
)
async def test_a_content_type_is_read_as_http_writes_it(
    engine: FakeEngine, app: FastAPI, content_type: str
) -> None:
    headers = V1 | {"content-type": content_type}
    answer = await ask(app, WRITE, method="POST", key="acme-writer", headers=headers, body=b"x")
    assert answer.status == 204
    assert answer.headers["x-prometheus-remote-write-samples-written"] == "4"
    assert engine.written[0][2] == V2["content-type"]


@pytest.mark.parametrize("headers", [V1, V2], ids=["1.0", "2.0"])
@pytest.mark.parametrize(
    ("decoded", "why"),
    [
        (FakeDecoded(refused_labels=2), "2 with labels that are not taken"),
        (FakeDecoded(refused_cap=5), "5 of new series for which there is no room now"),
    ],
)
async def test_a_sample_that_is_not_in_is_never_said_to_be(
    engine: FakeEngine, app: FastAPI, headers: dict[str, str], decoded: FakeDecoded, why: str
) -> None:
    engine.decoded = decoded
    answer = await ask(app, WRITE, method="POST", key="acme-writer", headers=headers, body=b"x")
    assert (answer.status, answer.code) == (400, "input.sample_refused")
    assert answer.data["error"]["detail"] == why
    told = answer.headers.get("x-prometheus-remote-write-samples-written")
    assert told == ("4" if headers is V2 else None)


async def test_no_error_is_ever_answered_with_429() -> None:
    assert 429 not in {status for _, status in STATUS_OF}
    assert status_of(BodyTooLarge()) == 413
    assert status_of(ValueError()) == 500


@pytest.mark.parametrize(
    "path", ["/", "/login", "/api/v1/me", "/healthz", "/static/page.css", "/x"]
)
async def test_every_answer_carries_the_security_headers(app: FastAPI, path: str) -> None:
    headers = (await ask(app, path)).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == ("no-cache" if "static" in path else "no-store")


async def test_requests_are_counted_by_route_not_by_what_was_sent(
    engine: FakeEngine, app: FastAPI
) -> None:
    await ask(app, "/api/v1/incidents/secret-id", key="acme-member")
    await ask(app, "/wild/path", method="BREW")
    text = engine.metrics.render()[0].decode()
    assert 'route="/api/v1/incidents/{incident_id}"' in text
    assert "secret-id" not in text
    assert "wild" not in text
    assert "BREW" not in text


async def test_the_openapi_document_names_every_parameter(app: FastAPI) -> None:
    document = (await ask(app, "/api/v1/openapi.json")).data
    listed = document["paths"]["/api/v1/incidents"]["get"]["parameters"]
    names = {one["name"] for one in listed}
    assert names == {"state", "severity", "service", "q", "cursor", "limit"}
    series = document["paths"]["/api/v1/series"]["get"]["parameters"]
    assert "match[]" in {one["name"] for one in series}


async def test_ready_says_why_not(engine: FakeEngine, app: FastAPI) -> None:
    assert (await ask(app, "/readyz")).status == 200
    engine.ready = {"ready": False, "store": "does not take writes"}
    answer = await ask(app, "/readyz")
    assert answer.status == 503
    assert answer.data["store"] == "does not take writes"
    assert (await ask(app, "/healthz")).status == 200


async def test_wrong_methods_paths_and_values_have_the_same_shape(app: FastAPI) -> None:
    wrong = await ask(app, "/api/v1/incidents", method="DELETE", key="acme-member")
    assert (wrong.status, wrong.code) == (405, "http.405")
    none = await ask(app, "/api/v1/nothing", key="acme-member")
    assert (none.status, none.code) == (404, "access.object_missing")
    value = await ask(app, "/api/v1/series/abc", key="acme-member")
    assert (value.status, value.code) == (400, "input.malformed")
