"""CSV files of samples: `timestamp,value`, or wide: `timestamp,<series>,<series>,…`.

The first line names the columns. A time is ISO 8601 (UTC where it says nothing), Unix seconds or
Unix milliseconds. An empty cell or one that says `nan` is a gap.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

import numpy as np

from auscult.kernel.errors import BodyMalformed, BodyTooLarge
from auscult.kernel.samples import Times, Values

ROWS_MAX = 5_000_000
COLUMNS_MAX = 5_000
_MS_PER_S = 1000
_MS_FROM = 1e11
"""A number beyond this is milliseconds: as seconds it would lie in the year 5138."""


@dataclass(frozen=True, slots=True)
class Table:
    """at_ms int64[n] ascending; value float64[n, k], NaN for a gap; names: the k columns."""

    at_ms: Times
    value: Values
    names: tuple[str, ...]


def read_table(path: Path) -> Table:
    """Return a file's samples by time; raises `BodyMalformed` with the line, `BodyTooLarge`."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            return _read_rows(file, path.name)
    except (OSError, UnicodeDecodeError, csv.Error) as why:
        raise BodyMalformed(f"{path.name}: {why}") from None


def _read_rows(file: TextIO, shown: str) -> Table:
    rows = csv.reader(file)
    names = tuple(name.strip() for name in next(rows, []))
    if not 1 < len(names) <= COLUMNS_MAX or any(_is_number(name) for name in names):
        raise BodyMalformed(f"{shown}: the first line must be timestamp,<name>,…", position=1)
    at_ms: list[int] = []
    value: list[list[float]] = []
    for line, row in _filled(rows):
        if len(row) != len(names):
            raise BodyMalformed(f"{shown}: {len(row)} cells, not {len(names)}", position=line)
        if len(at_ms) >= ROWS_MAX:
            raise BodyTooLarge(f"{shown}: more than {ROWS_MAX} rows")
        try:
            at_ms.append(read_time_ms(row[0]))
            value.append([float(cell) if cell.strip() else np.nan for cell in row[1:]])
        except (ValueError, OverflowError) as why:
            raise BodyMalformed(f"{shown}: {why}", position=line) from None
    times = np.array(at_ms, dtype=np.int64)
    order = np.argsort(times, kind="stable")
    table = np.array(value, dtype=np.float64).reshape(len(at_ms), len(names) - 1)
    return Table(times[order], table[order], names[1:])


def _filled(rows: Iterator[list[str]]) -> Iterator[tuple[int, list[str]]]:
    return ((line, row) for line, row in enumerate(rows, 2) if any(cell.strip() for cell in row))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def read_time_ms(text: str) -> int:
    """Return a time as Unix milliseconds; raises `ValueError`."""
    try:
        number = float(text)
    except ValueError:
        parsed = datetime.fromisoformat(text.strip())
        aware = parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
        return round(aware.timestamp() * _MS_PER_S)
    return round(number if abs(number) >= _MS_FROM else number * _MS_PER_S)
