"""JSON as every endpoint says it: words straight to bytes, NaN and infinities as null."""

from fastapi.responses import Response
from pydantic_core import to_json


def said(payload: dict[str, object]) -> Response:
    """Return an answer of words, plain values and lists of them.

    JSON has no NaN (RFC 8259, section 6), but a finding's value may be one: it is said as null.
    """
    return Response(to_json(payload, inf_nan_mode="null"), media_type="application/json")
