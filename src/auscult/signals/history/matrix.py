"""The answer of Prometheus' HTTP API to `query_range`.

`{"status": "success", "data": {"resultType": "matrix", "result": [{"metric": {…},
"values": [[<seconds>, "<value>"], …]}]}}`; values are strings (`"NaN"`, `"+Inf"`), times are
seconds with decimals.
"""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from auscult.kernel.errors import BodyMalformed
from auscult.kernel.samples import Times, Values
from auscult.kernel.words import Labels

_MS_PER_S = 1000
_SHOWN_CHARS = 200


@dataclass(frozen=True, slots=True)
class Past:
    """One series of the past: at_ms int64[n], value float64[n], oldest first."""

    labels: Labels
    at_ms: Times
    value: Values


def read_matrix(body: bytes) -> list[Past]:
    """Return the series of an answer; raises `BodyMalformed`, also where the server reports one."""
    try:
        answer = json.loads(body)
        if answer["status"] != "success":
            raise BodyMalformed(f"{answer.get('errorType')}: {answer.get('error')}"[:_SHOWN_CHARS])
        data = answer["data"]
        if data["resultType"] != "matrix":
            raise BodyMalformed(f"a matrix is expected, not {data['resultType']!r}"[:_SHOWN_CHARS])
        return [_read_series(series) for series in data["result"]]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as why:
        reason = f"{type(why).__name__}: {why}"[:_SHOWN_CHARS]
        raise BodyMalformed(f"not an answer of query_range: {reason}") from None


def _read_series(series: dict[str, Any]) -> Past:
    labels = tuple(sorted((str(name), str(value)) for name, value in series["metric"].items()))
    values = series.get("values", [])
    seconds = np.array([float(point[0]) for point in values], dtype=np.float64)
    value = np.array([float(point[1]) for point in values], dtype=np.float64)
    if not (np.abs(seconds) < 1 << 40).all():
        raise ValueError("a time is out of range")
    return Past(labels, np.rint(seconds * _MS_PER_S).astype(np.int64), value)
