"""Many lines of an access log, as columns."""

import math
from collections.abc import Iterable, Mapping

import numpy as np

from auscult.kernel.telemetry import RequestColumns
from auscult.signals.access_logs.cmcd import KEYS, read_cmcd
from auscult.signals.access_logs.lines import (
    FIELDS,
    LINE_BYTES_MAX,
    read_combined,
    read_json,
    route_of,
)

LINES_MAX = 20_000
"""Lines of one batch: what is read of them at a time."""


def read_lines(
    lines: Iterable[bytes],
    *,
    service: str,
    fields: Mapping[str, tuple[str, ...]] = FIELDS,
) -> RequestColumns:
    """Return what lines tell, without their line ends; a line that begins with `{` is JSON.

    service: whose requests they are, where a line does not say so itself. Lines that cannot be
    read or are longer than `LINE_BYTES_MAX` are counted as malformed.
    """
    groups: dict[tuple[str, str], int] = {}
    rows: list[tuple[int, float, float, int]] = []
    player: list[tuple[float, ...]] = []
    malformed = 0
    for raw in lines:
        is_json = raw.lstrip()[:1] == b"{"
        line = None
        if len(raw) <= LINE_BYTES_MAX:
            line = read_json(raw, fields) if is_json else read_combined(raw)
        if line is None:
            malformed += 1
            continue
        group = groups.setdefault((line.service or service, route_of(line.path)), len(groups))
        rows.append((line.status, line.sent_bytes, line.duration_ms, group))
        said = read_cmcd(line.cmcd) if line.cmcd else {}
        player.append(tuple(said.get(key, math.nan) for key in KEYS))
    table = np.array(rows, dtype=np.float64).reshape(-1, 4)
    return RequestColumns(
        table[:, 0].astype(np.int16),
        table[:, 1],
        table[:, 2],
        table[:, 3].astype(np.int32),
        tuple(groups),
        np.array(player, dtype=np.float64).reshape(-1, len(KEYS)),
        KEYS,
        malformed,
    )
