"""How every endpoint answers: words as JSON, NaN and infinities as null; bytes whole or in part."""

import re
from http import HTTPStatus
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from pydantic import ConfigDict, TypeAdapter

_PART = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")
KEPT_S = 86_400
"""How long a browser may keep what an id of its content names."""

_ANYTHING: TypeAdapter[Any] = TypeAdapter(Any, config=ConfigDict(ser_json_inf_nan="null"))


def said(payload: dict[str, object]) -> Response:
    """Return an answer of words, plain values and lists of them.

    JSON has no NaN (RFC 8259, section 6), but a finding's value may be one: it is said as null.
    """
    return Response(_ANYTHING.dump_json(payload), media_type="application/json")


def sent_whole_or_part(request: Request, media_type: str, body: bytes) -> Response:
    """Return the bytes as asked for: 200, 206 with a part, or 416 past the end.

    Some players play nothing that they cannot ask for in parts (RFC 9110, section 14). A request
    for several parts, or a malformed one, is answered with the whole.
    """
    headers = {"Accept-Ranges": "bytes", "Cache-Control": f"private, max-age={KEPT_S}, immutable"}
    wanted = _PART.fullmatch(request.headers.get("range", ""))
    first, last = wanted.groups() if wanted else ("", "")
    if not first and not last:
        return Response(body, media_type=media_type, headers=headers)
    size = len(body)
    begin = int(first) if first else max(0, size - int(last))
    end = min(size, int(last) + 1) if first and last else size
    if begin >= end:
        headers["Content-Range"] = f"bytes */{size}"
        return Response(status_code=HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, headers=headers)
    headers["Content-Range"] = f"bytes {begin}-{end - 1}/{size}"
    part = body[begin:end]
    return Response(
        part, status_code=HTTPStatus.PARTIAL_CONTENT, media_type=media_type, headers=headers
    )
