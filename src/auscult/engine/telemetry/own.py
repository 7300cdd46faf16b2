"""Auscult's own spans among the traces of the tenant `platform`: seen where all others are seen."""

import asyncio
from typing import TYPE_CHECKING

from auscult.kernel.errors import AuscultError
from auscult.kernel.words import PLATFORM
from auscult.runtime.logging import logger
from auscult.runtime.tracing import take_spans
from auscult.signals.otlp.exports import Export

if TYPE_CHECKING:
    from auscult.engine.telemetry.path import Telemetry

TELL_EVERY_S = 2.0
PROTOBUF = "application/x-protobuf"

log = logger("engine.telemetry")


async def tell_own_spans(telemetry: "Telemetry") -> None:
    """Take what ended since the last time, every two seconds, until cancelled."""
    while True:
        await asyncio.sleep(TELL_EVERY_S)
        body = own_spans()
        if not body:
            continue
        try:
            await telemetry.receive_traces(PLATFORM, Export(body, PROTOBUF, ""))
        except AuscultError as why:  # full: what is lost here is a trace of ourselves
            log.warning("own spans were not taken", why=str(why))


def own_spans() -> bytes:
    """Return auscult's spans that ended since the last call, as an OTLP request."""
    ended = take_spans()
    if not ended:
        return b""
    from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans

    return encode_spans(ended).SerializeToString()
