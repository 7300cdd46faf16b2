"""`/api/v1/deadletters`: messages that were given up, to be read and to be sent again.

A message is given up where its receiver refuses it for good, or a day after it was first due.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from auscult.kernel.errors import BodyMalformed
from auscult.surface.api.access import Admin, Reader
from auscult.surface.api.description import BODY, takes, told
from auscult.surface.api.description.incidents import DeadLetters, Replayed
from auscult.surface.api.limits import SMALL_BODY_BYTES, read_body
from auscult.surface.api.queries import PAGE_DEFAULT, PAGE_MAX, Nothing, Query, documented
from auscult.surface.api.routes import DirectRoute
from auscult.surface.api.speech import said

KEYS_MAX = 100
router = APIRouter(prefix="/api/v1/deadletters", tags=["channels"], route_class=DirectRoute)


class DeadQuery(Query):
    """How many are wanted, the ones given up last first."""

    limit: int = Field(default=PAGE_DEFAULT, ge=1, le=PAGE_MAX)


class Replay(BaseModel):
    """Which messages are to be sent again."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    keys: tuple[Annotated[str, Field(min_length=1, max_length=200)], ...] = Field(
        min_length=1, max_length=KEYS_MAX
    )


@router.get("", openapi_extra=documented(DeadQuery), responses=told(DeadLetters))
async def list_given_up(ask: Reader) -> Response:
    """Return the messages that were given up, and why."""
    limit = ask.query(DeadQuery).limit
    found = await ask.engine.read(lambda work: work.of(ask.tenant).effects.given_up(limit))
    return said({"deadletters": [_shown(row) for row in found]})


@router.post(
    "/replay",
    openapi_extra=takes(Replay.model_json_schema(), required=False),
    responses=told(Replayed, *BODY),
)
async def send_again(ask: Admin) -> Response:
    """Send messages again that were given up: `{"keys": [...]}`, or all without a body.

    A page about what is over, or was said anew since, is not sent; its key is listed in `over`.
    """
    ask.query(Nothing)
    body = await read_body(ask.request, SMALL_BODY_BYTES)
    keys = _read(body).keys if body else ()
    done = await ask.engine.replay(ask.tenant, keys, by=ask.caller.name)
    return said(done._asdict())


def _read(body: bytes) -> Replay:
    try:
        return Replay.model_validate_json(body)
    except ValidationError as wrong:
        first = wrong.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BodyMalformed(f"{where}: {first['msg']}" if where else first["msg"]) from None


def _shown(row: Any) -> dict[str, object]:  # noqa: ANN401  # a row of the store's
    effect = row.effect
    return {
        "key": effect.key,
        "incident": effect.incident,
        "channel": effect.to,
        "kind": effect.payload.get("kind", ""),
        "title": effect.payload.get("title", ""),
        "reason": row.last_reason,
        "attempts": row.attempts,
        "due_ms": effect.due_ms,
        "given_up_ms": row.updated_ms,
    }
