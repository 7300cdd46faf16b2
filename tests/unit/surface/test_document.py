"""The OpenAPI document says the shape of every answer, and nothing of the framework's."""

from typing import Any

from fastapi import FastAPI

ACTS = ("acknowledge", "release", "snooze", "mute", "escalate", "reassign", "resolve")
OPEN = {"/v2/enqueue", "/api/v1/channels/{tenant}/{channel}"}
"""What authenticates itself by other means than a key in a header."""


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method, path, one)
        for path, all_ in document["paths"].items()
        for method, one in all_.items()
    ]


def test_every_answer_has_a_shape_or_says_that_it_is_empty(app: FastAPI) -> None:
    wrong = []
    for method, path, one in operations(app.openapi()):
        for status, answer in one["responses"].items():
            contents = answer.get("content", {}).values()
            if not all(content["schema"] for content in contents):
                wrong.append(f"{method} {path} {status}: nothing is said of the body")
            if not contents and status != "204" and "empty" not in answer["description"]:
                wrong.append(f"{method} {path} {status}: has it a body?")
    assert not wrong, "\n".join(wrong)


def test_what_takes_a_body_describes_it(app: FastAPI) -> None:
    without = {
        path
        for method, path, one in operations(app.openapi())
        if method == "post" and "requestBody" not in one
    }
    acts = {f"/api/v1/incidents/{{incident_id}}/{verb}" for verb in ACTS}
    assert without == acts | {"/api/v1/settings/reload"}


def test_a_key_is_asked_for_everywhere_but_where_the_request_brings_its_own(app: FastAPI) -> None:
    document = app.openapi()
    assert document["security"] == [{"key": []}]
    assert document["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    assert {path for _, path, one in operations(document) if one.get("security") == []} == OPEN


def test_the_frameworks_own_errors_are_not_promised(app: FastAPI) -> None:
    document = app.openapi()
    assert "HTTPValidationError" not in str(document)
    said = {path for _, path, one in operations(document) if "422" in one["responses"]}
    assert said == {"/api/v1/settings/reload"}
    assert document is app.openapi(), "it is made once"
