"""What must not be in a log is not; what an engineer needs to read still is."""

from typing import Any

import pytest

from auscult.vault.redaction import redact, redact_fields, redact_text


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Authorization: Bearer abc.def-123", "Authorization: ***"),
        ("{'authorization': 'Basic dXNlcjpwdw=='}", "{'authorization': '***'}"),
        ("sent with bearer abcdef123", "sent with bearer ***"),
        ("X-Api-Key: abc", "X-Api-Key: ***"),
        ("Set-Cookie: session=abc; Path=/", "Set-Cookie: ***"),
        ("key ak_abcDEF123-_ was used", "key *** was used"),
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "***"),
        ("xoxb-123-456-abc", "***"),
        ("https://hooks.slack.com/services/T/B/x: 500", "https://hooks.slack.com/***: 500"),
        ("amqp://u:p@ss@h:5672/", "amqp://u:***@h:5672/"),
        ("POST https://h/x?sig=abc&a=1", "POST https://h/x?sig=***&a=1"),
        ("password: hunter2, user: bob", "password: ***, user: bob"),
        ("routing_key=abc", "routing_key=***"),
        ("secret: env:OPS", "secret: env:OPS"),
        ("listener jane.doe@example.org left", "listener ***@example.org left"),
        ("v1:k1:AAAAAAAAAAAAAAAA:BBBB= is sealed", "*** is sealed"),
        ("-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----\nx", "***\nx"),
    ],
)
def test_a_secret_is_taken_out(text: str, left: str) -> None:
    assert redact_text(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "an incident opened: edge (edge-1) latency_ms is 412, usual is 20 to 40",
        "http://127.0.0.1:9090/api/v1/query_range?match=up&step=15s",
        "settings/a.yaml:3:14: tenants.acme.sources[0]",
        "01ARYZ6S41TSV4RRFFQ69G5FAV:opened:1:ops",
        "job=soundstage service=edge",
        "v1.2.3 of auscult @ build 7",
        "12:30:45 key_id=k1",
        "nothing to hide",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact_text(text) == text


def test_a_dictionary_keeps_its_shape() -> None:
    given: dict[str, Any] = {
        "event": "sent",
        "password": "hunter2",
        "secret": "env:OPS",
        "token": None,
        "api_key": ["a", "b"],
        "key": "i1:opened:1:ops",
        "n": 3,
        "ok": True,
        "rows": [{"authorization": "x"}, ("bearer abcdefgh", b"ak_abcdefgh")],
    }
    assert redact_fields(given) == {
        "event": "sent",
        "password": "***",
        "secret": "env:OPS",
        "token": None,
        "api_key": "***",
        "key": "i1:opened:1:ops",
        "n": 3,
        "ok": True,
        "rows": [{"authorization": "***"}, ["bearer ***", "***"]],
    }


def test_what_is_too_deep_is_hidden_and_circles_end() -> None:
    circle: dict[str, Any] = {}
    circle["again"] = circle
    assert "***" in str(redact(circle))
