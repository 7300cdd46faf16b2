"""`POST /api/v1/write`: Prometheus remote_write 1.0 and 2.0.

A 204 means the samples are in. Some out of order, repeated with another value or too far ahead are
a 400, as in Prometheus' own receiver: the others are in, and nobody sends them again. When full
the answer is 503 with Retry-After, never 429: Prometheus drops what a 429 refuses and retries
every 5xx (knowledge of its sender, not of the protocol).
"""

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from auscult.kernel.errors import MediaUnsupported, SampleRefused
from auscult.signals.columns.intake import Accepted
from auscult.surface.api.access import Writer
from auscult.surface.api.errors import body_of
from auscult.surface.api.limits import read_body
from auscult.surface.api.queries import Nothing
from auscult.surface.api.routes import DirectRoute

PATH = "/api/v1/write"
V1 = "prometheus.WriteRequest"
V2 = "io.prometheus.write.v2.Request"

router = APIRouter(prefix="/api/v1", tags=["samples"], route_class=DirectRoute)


@router.post("/write", status_code=204)
async def write(ask: Writer) -> Response:
    """Take one remote_write request; the Content-Type says which version it is."""
    ask.query(Nothing)
    content_type = ask.request.headers.get("content-type", "")
    version = protocol_of(content_type)
    encoding = ask.request.headers.get("content-encoding", "snappy")
    if encoding != "snappy":
        raise MediaUnsupported(f"Content-Encoding {encoding[:40]!r}; taken here: snappy")
    body = await read_body(ask.request, ask.engine.settings.limits.body_bytes)
    accepted = (await ask.engine.receive_write(ask.tenant, body, content_type)).accepted
    headers = written(accepted) if version == V2 else {}
    if accepted.refused:
        refused = SampleRefused(told_refused(accepted))
        return JSONResponse(body_of(refused), 400, headers)
    return Response(status_code=204, headers=headers)


def written(accepted: Accepted) -> dict[str, str]:
    """Return the headers version 2.0 asks for; histograms and exemplars are not kept."""
    count = accepted.accepted + accepted.stale + accepted.non_finite
    return {
        "X-Prometheus-Remote-Write-Samples-Written": str(count),
        "X-Prometheus-Remote-Write-Histograms-Written": "0",
        "X-Prometheus-Remote-Write-Exemplars-Written": "0",
    }


def told_refused(accepted: Accepted) -> str:
    """Say why samples were refused, in the numbers of each reason."""
    reasons = ("out_of_order", "duplicate", "too_far_ahead")
    counts = ((name.replace("_", " "), getattr(accepted, name)) for name in reasons)
    return ", ".join(f"{count} {name}" for name, count in counts if count)


def protocol_of(content_type: str) -> str:
    """Return the protobuf message a Content-Type names; raises `MediaUnsupported`."""
    media, _, parameters = content_type.partition(";")
    if media.strip().lower() != "application/x-protobuf":
        raise MediaUnsupported(f"{content_type[:80]!r}; taken here: application/x-protobuf")
    named = {
        name.strip().lower(): value.strip()
        for name, _, value in (part.partition("=") for part in parameters.split(";"))
    }
    message = named.get("proto", V1)
    if message not in {V1, V2}:
        raise MediaUnsupported(f"proto={message[:80]!r}; taken here: {V1}, {V2}")
    return message
