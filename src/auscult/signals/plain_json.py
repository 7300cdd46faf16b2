"""JSON that somebody sent: read within a limit, and refused with the place of the fault."""

import json
from typing import Any

from auscult.kernel.errors import BodyMalformed, BodyTooLarge


def read_json(body: bytes, *, most_bytes: int) -> Any:  # noqa: ANN401  # whatever JSON can hold
    """Return what a body says; raises `BodyMalformed` with the position, `BodyTooLarge`."""
    if len(body) > most_bytes:
        raise BodyTooLarge(f"{len(body)} bytes of JSON; the limit is {most_bytes}")
    try:
        return json.loads(body)
    except json.JSONDecodeError as why:
        raise BodyMalformed(f"not JSON: {why.msg}", position=why.pos) from None
    except UnicodeDecodeError as why:
        raise BodyMalformed("not UTF-8", position=why.start) from None
    except (RecursionError, ValueError) as why:
        raise BodyMalformed(f"JSON that is not taken: {why}") from None
