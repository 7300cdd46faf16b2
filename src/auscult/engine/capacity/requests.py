"""What a cache was asked for, read from its access log: objects, how often, and how large."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from auscult.engine.capacity.plan import CachePlan
from auscult.kernel.errors import InputError
from auscult.performance.capacity import CacheUsage
from auscult.performance.capacity.caches import OBJECTS_MAX
from auscult.signals.access_logs.lines import Line, read_combined, read_json

LINE_BYTES_MAX = 1 << 20
SHARE_MIN = 0.5
"""Of the lines that must be requests: a file with fewer is no access log."""

_OK = (200, 206)
"""Answered whole or in part; an error or a redirect takes no room."""


def read_cache(plan: CachePlan) -> CacheUsage:
    """Return what the log of a cache tells; an object is a path without its query.

    Its size is the most that was ever sent of it, since a listener may hang up. Raises
    `InputError` for a file that cannot be read, is no access log, or names too many objects.
    """
    asked: dict[str, int] = {}
    largest: dict[str, float] = {}
    lines = known = 0
    try:
        for line in _read(plan.access_log):
            lines += 1
            known += line is not None
            if line is None or line.status not in _OK or not line.sent_bytes > 0:
                continue
            asked[line.path] = asked.get(line.path, 0) + 1
            largest[line.path] = max(largest.get(line.path, 0.0), line.sent_bytes)
            if len(asked) > OBJECTS_MAX:
                raise InputError(f"{plan.access_log}: more than {OBJECTS_MAX} objects")
    except OSError as why:
        raise InputError(f"{plan.access_log}: {why.strerror}") from None
    if known < SHARE_MIN * max(1, lines):
        raise InputError(f"{plan.access_log}: {lines - known} of {lines} lines are no requests")
    return CacheUsage(
        service=plan.service,
        requests=np.fromiter(asked.values(), dtype=np.float64),
        size_bytes=np.fromiter((largest[path] for path in asked), dtype=np.float64),
        capacity_bytes=plan.capacity_bytes,
        hit_ratio=plan.hit_ratio,
    )


def _read(path: Path) -> Iterator[Line | None]:
    with path.open("rb") as file:
        while line := file.readline(LINE_BYTES_MAX):
            if text := line.strip():
                yield read_json(text) if text.startswith(b"{") else read_combined(text)
