"""What a platform says of itself beside numbers, as columns: spans and log lines."""

from auscult.kernel.telemetry.logs import LogColumns, RequestColumns
from auscult.kernel.telemetry.spans import SpanColumns, SpanKind

__all__ = ["LogColumns", "RequestColumns", "SpanColumns", "SpanKind"]
