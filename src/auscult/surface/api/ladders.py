"""What auscult advised on codecs, and what came of each ladder that was tried."""

import json
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter

from auscult.surface.api.access import Ask, Reader
from auscult.surface.api.queries import Nothing

if TYPE_CHECKING:
    from auscult.store import Work

LADDERS_SHOWN = 20

router = APIRouter(prefix="/api/v1")


@router.get("/codec", tags=["codec"])
async def tell_ladders(ask: Reader) -> dict[str, Any]:
    """Return the tenant's last ladders, the newest first, and the newest advice as a whole.

    `state` is advising, proposed, on trial, kept, reverted, stuck or failed, and `why` says what is
    in the way or what was heard. `advice` is what `auscult codec advise --json` writes; null where
    nothing was advised yet.
    """
    ask.query(Nothing)
    return await read_ladders(ask)


async def read_ladders(ask: Ask) -> dict[str, Any]:
    """Return the same for the page."""

    def look(work: "Work") -> dict[str, Any]:
        rows = work.of(ask.tenant).ladders
        told = rows.recent(LADDERS_SHOWN)
        advice = next((text for row in told if (text := rows.advice(row.id))), "")
        return {
            "ladders": [
                {
                    "id": row.id,
                    "state": row.state,
                    "started_ms": row.started_ms,
                    "updated_ms": row.updated_ms,
                    **row.body,
                }
                for row in told
            ],
            "advice": json.loads(advice) if advice else None,
        }

    return await ask.engine.read(look)
