"""`POST /api/v1/write`: Prometheus remote_write 1.0 and 2.0.

| what became of the body | 1.0 | 2.0 |
|---|---|---|
| every sample is in | 204 | 204 and how many |
| some were not taken: order, labels, no room for new series | 400, the others are in | the same |
| it cannot be read | 400, 413, 415 | the same |
| nothing could be looked at: queue full, store away | 503 and Retry-After | the same |

A 204 is never said of a sample that is not in. A 400 is what Prometheus' own receiver says when
it took the rest: the sender counts what failed and goes on. A 503 makes a sender hold its whole
shard back and send the same body again, so it is said only where that helps: not for a series
that is one too many, whose next sample will ask for room by itself while the samples of all the
others would wait behind it. Never 429: Prometheus drops what a 429 refuses.
"""

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from auscult.kernel.errors import MediaUnsupported, SampleRefused
from auscult.signals.columns.intake import Accepted
from auscult.surface.api.access import Writer
from auscult.surface.api.description import BINARY, BODY, refusing, takes
from auscult.surface.api.errors import body_of
from auscult.surface.api.limits import read_body
from auscult.surface.api.queries import Nothing
from auscult.surface.api.routes import DirectRoute
from auscult.surface.facade import Received

PATH = "/api/v1/write"
MEDIA = "application/x-protobuf"
V1 = "prometheus.WriteRequest"
V2 = "io.prometheus.write.v2.Request"

router = APIRouter(prefix="/api/v1", tags=["samples"], route_class=DirectRoute)


@router.post(
    "/write",
    status_code=204,
    openapi_extra=takes(BINARY, media=MEDIA),
    responses=refusing(*BODY, 415),
)
async def write(ask: Writer) -> Response:
    """Take one remote_write request; the Content-Type says which version it is."""
    ask.query(Nothing)
    version = protocol_of(ask.request.headers.get("content-type", ""))
    encoding = ask.request.headers.get("content-encoding", "snappy")
    if encoding != "snappy":
        raise MediaUnsupported(f"Content-Encoding {encoding[:40]!r}; taken here: snappy")
    body = await read_body(ask.request, ask.engine.settings.limits.body_bytes)
    received = await ask.engine.receive_write(ask.tenant, body, f"{MEDIA};proto={version}")
    headers = written(received.accepted) if version == V2 else {}
    if why := told_refused(received):
        return JSONResponse(body_of(SampleRefused(why)), 400, headers)
    return Response(status_code=204, headers=headers)


def written(accepted: Accepted) -> dict[str, str]:
    """Return the headers version 2.0 asks for; histograms and exemplars are not kept."""
    count = accepted.accepted + accepted.stale + accepted.non_finite
    return {
        "X-Prometheus-Remote-Write-Samples-Written": str(count),
        "X-Prometheus-Remote-Write-Histograms-Written": "0",
        "X-Prometheus-Remote-Write-Exemplars-Written": "0",
    }


def told_refused(received: Received) -> str:
    """Say why samples were not taken, in the numbers of each reason; empty where all were."""
    accepted, decoded = received.accepted, received.decoded
    counts = {
        "out of order": accepted.out_of_order,
        "duplicate": accepted.duplicate,
        "too far ahead": accepted.too_far_ahead,
        "with labels that are not taken": decoded.refused_labels,
        "of new series for which there is no room now": decoded.refused_cap,
    }
    return ", ".join(f"{count} {reason}" for reason, count in counts.items() if count)


def protocol_of(content_type: str) -> str:
    """Return the protobuf message a Content-Type names; raises `MediaUnsupported`.

    A parameter's value may stand in quotes (RFC 9110, section 5.6.6).
    """
    media, _, parameters = content_type.partition(";")
    if media.strip().lower() != MEDIA:
        raise MediaUnsupported(f"{content_type[:80]!r}; taken here: {MEDIA}")
    named = {
        name.strip().lower(): value.strip().strip('"')
        for name, _, value in (part.partition("=") for part in parameters.split(";"))
    }
    message = named.get("proto", V1)
    if message not in {V1, V2}:
        raise MediaUnsupported(f"proto={message[:80]!r}; taken here: {V1}, {V2}")
    return message
