"""The OpenAPI document, completed: who may ask, and nothing that is not so."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

UNTRUE = "422"
"""The framework promises its own validation errors; ours are 400 in the one shape."""

ITS_SHAPES = ("HTTPValidationError", "ValidationError")
BEARER = {
    "type": "http",
    "scheme": "bearer",
    "description": "An API key: `auscult tenant add NAME --print-key`",
}


def complete(app: FastAPI) -> dict[str, Any]:
    """Return the document of all routes; it is made once."""
    if app.openapi_schema is None:
        made = get_openapi(title=app.title, version=app.version, routes=app.routes)
        for path in made["paths"].values():
            for operation in path.values():
                _drop_untrue(operation["responses"])
                for answer in operation["responses"].values():
                    _let_shapes_speak(answer.get("content", {}))
        shapes = made.setdefault("components", {}).setdefault("schemas", {})
        for name in ITS_SHAPES:
            shapes.pop(name, None)
        made["components"]["securitySchemes"] = {"key": BEARER}
        made["security"] = [{"key": []}]
        app.openapi_schema = made
    return app.openapi_schema


def _drop_untrue(responses: dict[str, Any]) -> None:
    said = responses.get(UNTRUE, {}).get("content", {}).get("application/json", {})
    if said.get("schema", {}).get("$ref", "").endswith(ITS_SHAPES[0]):
        del responses[UNTRUE]


def _let_shapes_speak(content: dict[str, Any]) -> None:
    """Leave a named shape alone: what the framework reads from an annotation says less."""
    for said in content.values():
        if "$ref" in said.get("schema", {}):
            said["schema"] = {"$ref": said["schema"]["$ref"]}
