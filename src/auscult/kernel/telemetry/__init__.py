"""What a platform says of itself beside numbers, as columns: spans, log lines, plays."""

from auscult.kernel.telemetry.logs import LogColumns, RequestColumns
from auscult.kernel.telemetry.players import PlayerColumns, PlayerEventKind
from auscult.kernel.telemetry.spans import SpanColumns, SpanKind

__all__ = [
    "LogColumns",
    "PlayerColumns",
    "PlayerEventKind",
    "RequestColumns",
    "SpanColumns",
    "SpanKind",
]
