"""`POST /api/v1/write`: Prometheus remote_write 1.0 and 2.0.

A 204 means the samples are in. When full the answer is 503 with Retry-After, never 429: Prometheus
drops what a 429 refuses and retries every 5xx (knowledge of its sender, not of the protocol).
"""

from fastapi import APIRouter, Response

from auscult.kernel.errors import MediaUnsupported
from auscult.surface.api.access import Writer
from auscult.surface.api.limits import read_body
from auscult.surface.api.queries import Nothing

PATH = "/api/v1/write"
V1 = "prometheus.WriteRequest"
V2 = "io.prometheus.write.v2.Request"

router = APIRouter(tags=["samples"])


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
    result = await ask.engine.receive_write(ask.tenant, body, content_type)
    headers = {}
    if version == V2:
        headers = {
            "X-Prometheus-Remote-Write-Samples-Written": str(result.samples),
            "X-Prometheus-Remote-Write-Histograms-Written": str(result.histograms),
            "X-Prometheus-Remote-Write-Exemplars-Written": str(result.exemplars),
        }
    return Response(status_code=204, headers=headers)


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
