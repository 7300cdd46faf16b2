"""The answers beside the good one: every error of the tree by its status, and what bodies add."""

from typing import Any, NotRequired

from typing_extensions import TypedDict

Responses = dict[int | str, dict[str, Any]]


class ErrorSaid(TypedDict):
    """`code` is stable, `message` says what kind of thing it is, `detail` what it was here."""

    code: str
    message: str
    detail: str
    position: NotRequired[int]


class ErrorBody(TypedDict):
    """The one shape of every error."""

    error: ErrorSaid


SAID = {
    400: "A parameter or the body is not as it should be",
    401: "No valid key was sent",
    403: "The key may not do this",
    404: "There is no such thing, for this key",
    408: "The body did not arrive in time",
    409: "The object is not in a state that allows this",
    413: "The body is larger than the limit",
    415: "This content type or encoding is not taken",
    422: "A setting is wrong",
    500: "Something is broken, and the answer says what",
    503: "Not now; try again after `Retry-After` seconds",
}
ALWAYS = (400, 401, 403, 404, 503)
BODY = (408, 413)
BINARY = {"type": "string", "format": "binary"}


def refusing(*statuses: int) -> Responses:
    """Return the errors of these statuses, each in the one shape."""
    return {one: {"description": SAID[one], "model": ErrorBody} for one in statuses}


def told(shape: Any, *statuses: int) -> Responses:  # noqa: ANN401  # a type
    """Return the good answer of a route, and the errors that it has beside those of all routes."""
    return {200: {"description": "As asked", "model": shape}, **refusing(*statuses)}


def takes(
    schema: dict[str, Any], *, media: str = "application/json", required: bool = True
) -> dict[str, Any]:
    """Return the description of a body that a route reads by hand."""
    content = {media: {"schema": inlined(schema, schema.get("$defs", {}))}}
    return {"requestBody": {"required": required, "content": content}}


def inlined(tree: Any, named: dict[str, Any]) -> Any:  # noqa: ANN401  # whatever JSON can hold
    """Return a schema with what it refers to in the place of the reference."""
    if isinstance(tree, dict):
        if "$ref" in tree:
            return inlined(named[tree["$ref"].rpartition("/")[2]], named)
        return {key: inlined(value, named) for key, value in tree.items() if key != "$defs"}
    return [inlined(one, named) for one in tree] if isinstance(tree, list) else tree
