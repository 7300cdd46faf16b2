"""`POST /v1/traces`, `/v1/metrics`, `/v1/logs`: OTLP over HTTP, protobuf and JSON.

| what became of the body | answer |
|---|---|
| everything is in | 200 and an empty response message |
| some of it was not taken | 200 and `partial_success`: how much, and why; never sent again |
| it cannot be read | 400, 413, 415 with a `google.rpc.Status`; never sent again |
| nothing could be looked at: queue full, store away | 503 and Retry-After; sent again |

By the OTLP specification 1.x ("OTLP/HTTP Response", "Failures"): the answer is written as the
request was, and of all that may go wrong an exporter repeats 429, 502, 503 and 504 alone.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from google.protobuf import json_format
from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from auscult.kernel.errors import AuscultError
from auscult.kernel.words import TenantId
from auscult.signals.otlp.exports import Export, Rejected
from auscult.signals.otlp.messages import JSON, PROTOBUF, media_of
from auscult.signals.series.labels import encode_varint
from auscult.surface.api.access import Ask, Writer
from auscult.surface.api.description.telemetry import DESCRIBED
from auscult.surface.api.errors import body_of, headers_of, status_of
from auscult.surface.api.limits import read_body
from auscult.surface.api.queries import Nothing
from auscult.surface.api.routes import DirectRoute

PATHS = ("/v1/traces", "/v1/metrics", "/v1/logs")
INVALID_ARGUMENT, UNAVAILABLE = 3, 14
"""gRPC's codes for what is wrong with a request, and for what may be tried again."""

Take = Callable[[TenantId, Export], Awaitable[Rejected]]

router = APIRouter(prefix="/v1", tags=["otlp"], route_class=DirectRoute)


@router.post("/traces", **DESCRIBED)
async def traces(ask: Writer) -> Response:
    """Take spans: an `ExportTraceServiceRequest`."""
    return await receive(ask, ask.engine.telemetry.receive_traces, told_spans)


@router.post("/metrics", **DESCRIBED)
async def metrics(ask: Writer) -> Response:
    """Take metrics: an `ExportMetricsServiceRequest`."""
    return await receive(ask, ask.engine.telemetry.receive_metrics, told_points)


@router.post("/logs", **DESCRIBED)
async def logs(ask: Writer) -> Response:
    """Take log records: an `ExportLogsServiceRequest`."""
    return await receive(ask, ask.engine.telemetry.receive_logs, told_records)


async def receive(ask: Ask, take: Take, tell: Callable[[Rejected], Message]) -> Response:
    """Read the body, have it taken, and answer as the request was written."""
    media = PROTOBUF
    try:
        ask.query(Nothing)
        media = media_of(ask.request.headers.get("content-type", ""))
        encoding = ask.request.headers.get("content-encoding", "").strip().lower()
        body = await read_body(ask.request, ask.engine.settings.limits.body_bytes)
        rejected = await take(ask.tenant, Export(body, media, encoding))
    except AuscultError as why:
        return refuse(why, media)
    message = tell(rejected)
    if media == JSON:
        return Response(json_format.MessageToJson(message, indent=None), media_type=JSON)
    return Response(message.SerializeToString(), media_type=PROTOBUF)


def told_spans(rejected: Rejected) -> ExportTraceServiceResponse:
    """Return the answer to spans."""
    return _told(ExportTraceServiceResponse(), "rejected_spans", rejected)


def told_points(rejected: Rejected) -> ExportMetricsServiceResponse:
    """Return the answer to metrics."""
    return _told(ExportMetricsServiceResponse(), "rejected_data_points", rejected)


def told_records(rejected: Rejected) -> ExportLogsServiceResponse:
    """Return the answer to log records."""
    return _told(ExportLogsServiceResponse(), "rejected_log_records", rejected)


R = TypeVar(
    "R", ExportTraceServiceResponse, ExportMetricsServiceResponse, ExportLogsServiceResponse
)


def _told(response: R, count_field: str, rejected: Rejected) -> R:
    """Fill in what was not taken; a request taken whole is answered with nothing set."""
    if rejected.count:
        setattr(response.partial_success, count_field, rejected.count)
        response.partial_success.error_message = rejected.why
    return response


def refuse(why: AuscultError, media: str) -> Response:
    """Return an error as `google.rpc.Status`, its message led by our code.

    In JSON our own `error` stands beside the two fields of a Status, with the position where the
    body was malformed.
    """
    status = status_of(why)
    if media == JSON:
        told = {"code": code_of(status), "message": f"{why.code}: {why}", **body_of(why)}
        return JSONResponse(told, status, headers_of(why))
    text = f"{why.code}: {why}".encode()
    body = b"\x08%c\x12%b%b" % (code_of(status), encode_varint(len(text)), text)
    return Response(body, status, headers_of(why), PROTOBUF)


def code_of(status: int) -> int:
    """Return the gRPC code that goes with an HTTP status (google/rpc/code.proto)."""
    return UNAVAILABLE if status in {429, 502, 503, 504} else INVALID_ARGUMENT
