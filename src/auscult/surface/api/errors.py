"""One place that says which HTTP status each error of the tree gets.

The body is always `{"error": {"code", "message", "detail"}}` (plus `position` where the input was
malformed), so that a machine can branch on the code and a person can read the rest.
"""

from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from auscult.kernel.errors import (
    AccessError,
    AuscultError,
    BodyMalformed,
    BodyTooLarge,
    BodyTooSlow,
    CapacityError,
    CredentialMissing,
    InputError,
    MediaUnsupported,
    ObjectMissing,
    PermissionMissing,
    QueryUnknown,
    QueueFull,
    SettingError,
    StateConflict,
    StoreUnavailable,
)

STATUS_OF: tuple[tuple[type[AuscultError], int], ...] = (
    (CredentialMissing, 401),
    (PermissionMissing, 403),
    (ObjectMissing, 404),
    (AccessError, 403),
    (BodyTooLarge, 413),
    (BodyTooSlow, 408),
    (MediaUnsupported, 415),
    (QueryUnknown, 400),
    (BodyMalformed, 400),
    (InputError, 400),
    (SettingError, 422),
    (CapacityError, 503),
    (StateConflict, 409),
    (StoreUnavailable, 503),
)
"""The first class that fits decides; anything else is our own fault: 500."""

RETRY_AFTER_S = 5


def status_of(error: Exception) -> int:
    """Return the HTTP status of an error; 500 for what nobody expected."""
    return next((status for kind, status in STATUS_OF if isinstance(error, kind)), 500)


def body_of(error: Exception) -> dict[str, Any]:
    """Return the JSON body; an unexpected error shows no detail, which goes to the log only."""
    if not isinstance(error, AuscultError):
        return told("unexpected", "Something in auscult went wrong; the log knows more")
    body = told(error.code, error.message, error.detail)
    if isinstance(error, BodyMalformed) and error.position is not None:
        body["error"]["position"] = error.position
    return body


def told(code: str, message: str, detail: str = "") -> dict[str, Any]:
    """Return the one shape every error has on the wire."""
    return {"error": {"code": code, "message": message, "detail": detail}}


def headers_of(error: Exception) -> dict[str, str]:
    """Return what a client must know to do better: how to log in, when to come again."""
    if isinstance(error, CredentialMissing):
        return {"WWW-Authenticate": 'Bearer realm="auscult"'}
    if status_of(error) == 503:  # noqa: PLR2004  # the status says it
        wait_s = error.retry_after_s if isinstance(error, QueueFull) else RETRY_AFTER_S
        return {"Retry-After": str(wait_s)}
    return {}


def answer(error: Exception) -> JSONResponse:
    """Return an error as JSON with its status and headers.

    What nobody expected is logged by the server, which sees it raised again.
    """
    return JSONResponse(body_of(error), status_of(error), headers_of(error))


def from_framework(error: Exception) -> AuscultError | None:
    """Return the tree's word for what the framework itself refuses (no such path, bad value)."""
    if isinstance(error, RequestValidationError):
        first = error.errors()[0]
        return BodyMalformed(f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}")
    if isinstance(error, HTTPException) and error.status_code == 404:  # noqa: PLR2004  # the status says it
        return ObjectMissing("no such path")
    return None


async def answer_error(_request: Request, error: Exception) -> JSONResponse:
    """Answer any error a route raised; starlette's handler signature."""
    known = from_framework(error)
    if known is None and isinstance(error, HTTPException):
        body = told(f"http.{error.status_code}", str(error.detail))
        return JSONResponse(body, error.status_code, error.headers)
    return answer(known or error)
