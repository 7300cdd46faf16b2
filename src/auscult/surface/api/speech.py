"""JSON as every endpoint says it: words straight to bytes, NaN and infinities as null."""

from typing import Any

from fastapi.responses import Response
from pydantic import ConfigDict, TypeAdapter

_ANYTHING: TypeAdapter[Any] = TypeAdapter(Any, config=ConfigDict(ser_json_inf_nan="null"))


def said(payload: dict[str, object]) -> Response:
    """Return an answer of words, plain values and lists of them.

    JSON has no NaN (RFC 8259, section 6), but a finding's value may be one: it is said as null.
    """
    return Response(_ANYTHING.dump_json(payload), media_type="application/json")
