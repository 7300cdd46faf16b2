"""`POST /api/v1/sounds`: what an agent (`auscult probe`) heard of a stream where it stands.

200: taken. 400, 413, 415: it cannot be read, and is not to be sent again. 503 and Retry-After: send
it again.
"""

from fastapi import APIRouter, Response

from auscult.kernel.errors import MediaUnsupported
from auscult.signals.vantage.sounds import REPORT_BYTES_MAX, SOUND_MEDIA
from auscult.surface.api.access import Writer
from auscult.surface.api.description import BINARY, BODY, takes, told
from auscult.surface.api.description.standing import SoundTaken
from auscult.surface.api.limits import read_body
from auscult.surface.api.queries import Nothing
from auscult.surface.api.routes import DirectRoute
from auscult.surface.api.speech import said

PATH = "/api/v1/sounds"

router = APIRouter(prefix="/api/v1", tags=["sounds"], route_class=DirectRoute)


@router.post(
    "/sounds",
    openapi_extra=takes(BINARY, media=SOUND_MEDIA),
    responses=told(SoundTaken, *BODY, 415),
)
async def sounds(ask: Writer) -> Response:
    """Take one stretch of a stream, or why there is none: a line of JSON, then FLAC."""
    ask.query(Nothing)
    media = ask.request.headers.get("content-type", "")
    if media.partition(";")[0].strip().lower() != SOUND_MEDIA:
        raise MediaUnsupported(f"{media[:80]!r}; taken here: {SOUND_MEDIA}")
    body = await read_body(ask.request, REPORT_BYTES_MAX)
    await ask.engine.receive_sound(ask.tenant, body)
    return said({"taken": 1})
