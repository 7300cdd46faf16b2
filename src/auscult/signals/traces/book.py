"""The recent spans of one tenant, body by body, bounded in number, bytes and age."""

from collections import deque
from dataclasses import dataclass

from auscult.kernel.telemetry import SpanColumns

SPANS_KEPT_MAX = 200_000
BYTES_KEPT_MAX = 64 << 20
AGE_MS_MAX = 30 * 60_000
"""One tenant's recent spans: what is beyond any of the three is forgotten, the oldest first."""

ROW_BYTES = 80
"""What the columns of a span take beside its message."""


@dataclass(frozen=True, slots=True)
class Kept:
    """The spans of one request, and when it came."""

    spans: SpanColumns
    at_ms: int

    @property
    def size_bytes(self) -> int:
        """About how much memory it takes."""
        return len(self.spans.raw) + ROW_BYTES * len(self.spans)


class TraceBook:
    """One tenant's recent spans. A body is kept or forgotten whole; nothing is copied or indexed.

    `add` is called by one thread; `kept` is a tuple that stays as it is, for any other.
    """

    def __init__(
        self,
        *,
        spans_max: int = SPANS_KEPT_MAX,
        room_bytes: int = BYTES_KEPT_MAX,
        age_ms: int = AGE_MS_MAX,
    ) -> None:
        """Take the bounds."""
        self.span_count = 0
        self.size_bytes = 0
        self.forgotten = 0
        self.newest_ms = 0
        self._bounds = (spans_max, room_bytes, age_ms)
        self._kept: deque[Kept] = deque()

    @property
    def kept(self) -> tuple[Kept, ...]:
        """What is kept, the oldest first."""
        return tuple(self._kept.copy())

    def add(self, spans: SpanColumns, *, now_ms: int) -> None:
        """Keep the spans of one request, and forget what there is no more room for."""
        self.newest_ms = max(self.newest_ms, now_ms)
        if len(spans):
            one = Kept(spans, now_ms)
            self._kept.append(one)
            self.span_count += len(spans)
            self.size_bytes += one.size_bytes
        self.trim(now_ms)

    def trim(self, now_ms: int) -> None:
        """Forget what is too old, or too much."""
        spans_max, room_bytes, age_ms = self._bounds
        while self._kept and (
            self.span_count > spans_max
            or self.size_bytes > room_bytes
            or self._kept[0].at_ms < now_ms - age_ms
        ):
            self.forget_oldest()

    def forget_oldest(self) -> None:
        """Forget the oldest request's spans."""
        gone = self._kept.popleft()
        self.span_count -= len(gone.spans)
        self.size_bytes -= gone.size_bytes
        self.forgotten += len(gone.spans)
