"""Instants as requests write them: RFC 3339, with an offset."""

import re
from datetime import datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

_SPACED = re.compile(r"^(\S+T\S+) (\d\d:\d\d)$")
"""What becomes of the `+` of an offset in a URL in which it was not written as `%2B`."""


def read_instant(given: Any) -> Any:  # noqa: ANN401  # whatever a request holds
    """Return Unix milliseconds; raises `ValueError` for what is no time with an offset."""
    if not isinstance(given, str):
        raise ValueError("should be a time such as 2026-11-30T09:00:00Z")  # noqa: TRY004  # pydantic's
    try:
        said = datetime.fromisoformat(_SPACED.sub(r"\1+\2", given.strip()))
    except ValueError:
        raise ValueError(
            f"{given[:40]!r} is no time; write RFC 3339, such as 2026-11-30T09:00:00Z"
        ) from None
    if said.tzinfo is None:
        raise ValueError(f"{given[:40]!r} has no offset; write Z for UTC, or +01:00")
    return round(said.timestamp() * 1_000)


Instant = Annotated[
    int,
    BeforeValidator(read_instant),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""A time in RFC 3339, read as Unix milliseconds."""
