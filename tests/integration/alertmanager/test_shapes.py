"""Every answer of ours under /api/v2 has the shape that Alertmanager's OpenAPI file gives it.

The real Alertmanager is asked the same, so that the shapes written down here are its own.
"""

import json
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from tests.alerts import ALERTS_PATH, SILENCES_PATH, silence_body
from tests.integration.alertmanager.shapes import ALERT, ANSWERS, MADE, SILENCE, WRONG, Schema
from tests.integration.alertmanager.test_differential import alertmanager
from tests.integration.alertmanager.test_restart import wait_for
from tests.product import Product

ROUTES: dict[str, Any] = {
    "route": {"receiver": "team", "group_by": ["alertname"], "group_wait": "0s"},
    "receivers": [{"name": "team"}],
    "inhibit_rules": [
        {"source_matchers": ["severity=critical"], "target_matchers": ["severity=info"]}
    ],
}
URL = "http://prometheus.example/graph?g0.expr=up"
Get = Callable[[str], Any]
Post = Callable[[str, bytes], tuple[int, Any]]

pytestmark = pytest.mark.timeout(120)


def alerts() -> bytes:
    """Return one alert that fires, one that is inhibited, one that is silenced, without a link."""
    ends = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    return json.dumps(
        [
            {"labels": {"alertname": "Down", "severity": "critical"}, "generatorURL": URL},
            {"labels": {"alertname": "Slow", "severity": "info"}, "annotations": {"a": "b"}},
            {"labels": {"alertname": "Known", "service": "quiet"}, "endsAt": ends},
        ]
    ).encode()


def furnish(post: Post) -> str:
    """Post alerts and silences in every state; return the id of one."""
    status, made = post(SILENCES_PATH, silence_body("quiet"))
    assert status == 200
    fits(MADE, made)
    begin = (datetime.now(UTC) + timedelta(minutes=9)).isoformat()
    assert post(SILENCES_PATH, silence_body("later", startsAt=begin))[0] == 200
    assert post(ALERTS_PATH, alerts())[0] == 200
    return str(made["silenceID"])


def fits(schema: Schema, said: Any) -> None:
    """Fail where an answer does not have the shape, with the place."""
    jsonschema_rs.validator_for(schema, validate_formats=True).validate(said)


def look(get: Get, silence: str) -> None:
    """Ask everything there is, and compare each answer with its shape."""
    wait_for(lambda: len(get("/api/v2/alerts/groups")) == 3)
    for path, schema in ANSWERS.items():
        said = get(path.format(id=silence))
        assert said, f"{path} shows something"
        fits(schema, said)
    shown = {one["labels"]["alertname"]: one for one in get(ALERTS_PATH)}
    assert {one["status"]["state"] for one in shown.values()} == {"active", "suppressed"}
    assert shown["Slow"]["status"]["inhibitedBy"]
    assert shown["Known"]["status"]["silencedBy"] == [silence]
    links = {name: one.get("generatorURL") for name, one in shown.items()}
    assert links == {"Down": URL, "Slow": None, "Known": None}
    assert {one["status"]["state"] for one in get(SILENCES_PATH)} == {"active", "pending"}


def test_ours_have_them(tmp_path: Path) -> None:
    product = Product(tmp_path, {"acme": {"alerts": ROUTES}})
    key = product.key("acme")
    with product:

        def post(path: str, body: bytes) -> tuple[int, Any]:
            return product.ask(path, key, body=body)

        silence = furnish(post)
        look(lambda path: product.ask(path, key)[1], silence)
        for path, body in (
            (ALERTS_PATH, b"{}"),
            (ALERTS_PATH, b'[{"labels": {"a b": "x"}}]'),
            (SILENCES_PATH, silence_body("x", matchers=[])),
        ):
            status, said = post(path, body)
            assert status == 400
            fits(WRONG, said)
        status, said = product.ask(f"{ALERTS_PATH}?filter=x", key)
        assert status == 400
        fits(WRONG, said)


def test_alertmanagers_have_them(tmp_path: Path) -> None:
    """The shapes are Alertmanager's own: `look` asserts the same of it as of auscult."""
    with alertmanager(tmp_path, ROUTES) as (url, _):

        def post(path: str, body: bytes) -> tuple[int, Any]:
            request = urllib.request.Request(
                f"{url}{path}", body, {"Content-Type": "application/json"}
            )
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.loads(answer.read() or b"null")

        def get(path: str) -> Any:
            with urllib.request.urlopen(f"{url}{path}", timeout=30) as answer:
                return json.loads(answer.read())

        look(get, furnish(post))


@pytest.mark.parametrize(
    ("schema", "change"),
    [
        (ALERT, {"endsAt": "soon"}),
        (ALERT, {"generatorURL": ""}),
        (ALERT, {"status": {"state": "firing", "silencedBy": [], "inhibitedBy": []}}),
        (ALERT, {"labels": {"a": 1}}),
        (SILENCE, {"matchers": []}),
        (SILENCE, {"comment": None}),
    ],
)
def test_the_shapes_can_tell_what_is_wrong(schema: Schema, change: dict[str, Any]) -> None:
    now = "2026-11-28T20:00:00.000Z"
    right: dict[str, Any] = {
        "labels": {},
        "annotations": {},
        "receivers": [],
        "fingerprint": "x",
        "status": {"state": "active", "silencedBy": [], "inhibitedBy": []},
        **dict.fromkeys(("startsAt", "endsAt", "updatedAt"), now),
    }
    if schema is SILENCE:
        matcher = {"name": "a", "value": "b", "isRegex": False}
        right |= {"id": "x", "createdBy": "", "comment": "", "matchers": [matcher]}
        right["status"] = {"state": "active"}
    fits(schema, right)
    with pytest.raises(jsonschema_rs.ValidationError):
        fits(schema, right | change)
