"""The shapes of what OTLP/HTTP is answered: in JSON or protobuf, as the request was written."""

from typing import Any, NotRequired

from typing_extensions import TypedDict

from auscult.surface.api.description.errors import BINARY, BODY, ErrorSaid, Responses, refusing

PROTOBUF, JSON = "application/x-protobuf", "application/json"


class PartialSuccess(TypedDict):
    """How many were not taken (an int64, which protobuf's JSON writes as text), and why."""

    rejectedSpans: NotRequired[str]
    rejectedDataPoints: NotRequired[str]
    rejectedLogRecords: NotRequired[str]
    errorMessage: NotRequired[str]


class ExportTaken(TypedDict):
    """An OTLP answer in JSON; empty where everything was taken."""

    partialSuccess: NotRequired[PartialSuccess]


class StatusSaid(TypedDict):
    """`google.rpc.Status` in JSON, and beside it the one shape of every error."""

    code: NotRequired[int]
    message: NotRequired[str]
    error: ErrorSaid


def _both(status: int, shape: Any) -> Responses:  # noqa: ANN401  # a type
    said = "As asked" if status == OK else refusing(status)[status]["description"]
    content = {PROTOBUF: {"schema": BINARY}}
    return {status: {"description": said, "model": shape, "content": content}}


OK = 200
BODIES = {media: {"schema": schema} for media, schema in ((PROTOBUF, BINARY), (JSON, {}))}
DESCRIBED: dict[str, Any] = {
    "openapi_extra": {"requestBody": {"required": True, "content": BODIES}},
    "responses": {
        status: one
        for each in (
            _both(OK, ExportTaken),
            *(_both(refused, StatusSaid) for refused in (400, *BODY, 415, 503)),
        )
        for status, one in each.items()
    },
}
"""The description of each of the three routes."""
