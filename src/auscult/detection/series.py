"""One series on its own: CSV rows in, scores out, by the very code that watches live series."""

import csv
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auscult.detection.detectors.scorer import Scorer
from auscult.detection.watch import Watch
from auscult.kernel.errors import BodyMalformed
from auscult.kernel.samples import Times, Values
from auscult.kernel.words import PLATFORM, Labels

ROWS_MAX = 5_000_000
_TIMES = ("timestamp", "time", "date", "datetime", "ts", "at")
_VALUES = ("value", "values", "val", "y")
_LABELS = ("label", "is_anomaly", "anomaly")
_LABELLED: Labels = (("__name__", "value"), ("service", "series"))
_DAY_MS = 86_400_000
_MILLISECONDS_FROM = 1e11
_TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)?"
    r"\s*(Z|UTC|[+-]\d\d:?\d\d)?"
)


@dataclass(frozen=True, slots=True)
class Series:
    """A series as it stood in a file, in time order; `label` is None where there was no column.

    at_ms: int64 (n,). value: float64 (n,), NaN where the file had none. time_text: as written.
    """

    at_ms: Times
    value: Values
    label: NDArray[np.int8] | None
    time_text: tuple[str, ...]
    value_text: tuple[str, ...]


def read_series(lines: Iterable[str]) -> Series:
    """Read CSV rows with a time and a value column (header names in any case; more is ignored).

    Without a known header the first two columns are taken. Times are ISO 8601 (UTC where no zone is
    said) or Unix seconds or milliseconds. Rows out of order are sorted, and of several at one time
    the last counts. Raises `BodyMalformed` with the line for a row that cannot be read.
    """
    reader = csv.reader(lines)
    rows: dict[int, tuple[float, int, str, str]] = {}
    places: tuple[int, int, int | None] | None = None
    for cells in _rows_of(reader):
        if not any(cell.strip() for cell in cells):
            continue
        if places is None:
            places, is_header = _places_of(cells)
            if is_header:
                continue
        row = _read_row(cells, places, reader.line_num)
        rows[row[0]] = row[1:]
        if len(rows) > ROWS_MAX:
            raise BodyMalformed(f"more than {ROWS_MAX} rows", position=reader.line_num)
    at_ms = sorted(rows)
    ordered = [rows[at] for at in at_ms]
    labelled = places is not None and places[2] is not None
    return Series(
        at_ms=np.array(at_ms, dtype=np.int64),
        value=np.array([row[0] for row in ordered], dtype=np.float64),
        label=np.array([row[1] for row in ordered], dtype=np.int8) if labelled else None,
        time_text=tuple(row[2] for row in ordered),
        value_text=tuple(row[3] for row in ordered),
    )


def score_series(
    at_ms: Times, values: Values, *, detector: Scorer | None = None, pages_per_week: float = 2.0
) -> tuple[Values, NDArray[np.int8]]:
    """Score one series causally: what comes later never changes what was said before.

    at_ms: int64 (n,), ascending. values: float64 (n,), NaN for a missing one.
    Returns the score in 0..1 (n,), 0.5 where the evidence just reaches what is worth a page, and
    whether a finding was open at that time, 0 or 1 (n,).
    """
    watch = Watch(labels_of=lambda _: _LABELLED, history=lambda _: (at_ms[:0], values[:0]))
    watch.configure(PLATFORM, {"scorer": detector or Scorer()}, false_pages_per_week=pages_per_week)
    watch.learn(0, PLATFORM, labels=_LABELLED, kind="gauge")
    score = np.zeros(at_ms.size)
    alert = np.zeros(at_ms.size, dtype=np.int8)
    slot, none = np.zeros(1, dtype=np.int32), np.zeros(0, dtype=np.int32)
    for row in range(at_ms.size):
        now_ms = int(at_ms[row])
        part = slice(row, row + 1)
        watch.update(slot, at_ms[part], values=values[part], stale_slots=none, now_ms=now_ms)
        watch.tick(now_ms)
        evidence, threshold = watch.evidence_of(PLATFORM, 0)
        score[row] = evidence / (evidence + threshold)
        alert[row] = bool(watch.open_slots(PLATFORM))
    return score, alert


def _rows_of(reader: Iterable[list[str]]) -> Iterable[list[str]]:
    try:
        yield from reader
    except csv.Error as why:
        raise BodyMalformed(str(why), position=getattr(reader, "line_num", None)) from None


def _places_of(cells: list[str]) -> tuple[tuple[int, int, int | None], bool]:
    """Return where time, value and label stand, and whether these cells are a header."""
    names = [cell.strip().lstrip("\ufeff").lower() for cell in cells]
    time = next((names.index(name) for name in _TIMES if name in names), None)
    value = next((names.index(name) for name in _VALUES if name in names), None)
    label = next((names.index(name) for name in _LABELS if name in names), None)
    if time is not None and value is not None:
        return (time, value, label), True
    is_header = len(cells) > 1 and _number(cells[1]) is None
    return (0, 1, None), is_header


def _read_row(
    cells: list[str], places: tuple[int, int, int | None], line: int
) -> tuple[int, float, int, str, str]:
    time, value, label = places
    if len(cells) <= max(time, value):
        raise BodyMalformed("a row needs a time and a value", position=line)
    number = _number(cells[value])
    if number is None:
        raise BodyMalformed(f"{cells[value][:40]!r} is not a number", position=line)
    at_ms = _read_time(cells[time].strip(), line)
    mark = _number(cells[label]) if label is not None and len(cells) > label else 0.0
    return at_ms, number, int(bool(mark)), cells[time].strip(), cells[value].strip()


def _number(cell: str) -> float | None:
    """Return a cell as a number, NaN for an empty one, None for what is none."""
    text = cell.strip()
    if not text or text.lower() in {"nan", "null", "none", "na"}:
        return math.nan
    try:
        return float(text)
    except ValueError:
        return None


def _read_time(text: str, line: int) -> int:
    number = _number(text) if text else None
    if number is not None and math.isfinite(number):
        return int(number if abs(number) >= _MILLISECONDS_FROM else number * 1000)
    found = _TIME.fullmatch(text)
    if found is None:
        raise BodyMalformed(f"{text[:40]!r} is not a time", position=line)
    year, month, day, hour, minute, second = (int(found[part] or 0) for part in range(1, 7))
    try:
        days = int((np.datetime64(f"{year:04}-{month:02}-{day:02}", "D")).astype(np.int64))
    except ValueError:
        raise BodyMalformed(f"{text[:40]!r} is not a time", position=line) from None
    fraction_ms = int(((found[7] or "") + "000")[:3])
    at_ms = days * _DAY_MS + ((hour * 60 + minute) * 60 + second) * 1000 + fraction_ms
    return at_ms - _zone_ms(found[8])


def _zone_ms(zone: str | None) -> int:
    if zone in {None, "Z", "UTC"} or zone is None:
        return 0
    sign = -1 if zone[0] == "-" else 1
    return sign * (int(zone[1:3]) * 60 + int(zone[-2:])) * 60_000
