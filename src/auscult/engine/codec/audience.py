"""Who listens: the throughput each listener was measured to have, from a file or a few figures."""

import csv
from pathlib import Path
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from auscult.kernel.errors import BodyMalformed, InputError

COLUMN = "throughput_kbps"
LISTENERS_MAX = 1_000_000
ASSUMED_MEDIAN_KBPS, ASSUMED_SIGMA = 1_000.0, 1.0


def assume_audience(listeners: int = 1_000) -> NDArray[np.float64]:
    """Return quantiles of an audience nobody measured; whoever uses it says so.

    Log-normal about 1 Mbit/s: one in a hundred is below 100 kbit/s.
    """
    shares = (np.arange(listeners) + 0.5) / listeners
    normal = NormalDist()
    places = np.array([normal.inv_cdf(float(share)) for share in shares])
    return ASSUMED_MEDIAN_KBPS * np.exp(ASSUMED_SIGMA * places)


def parse_audience(text: str) -> NDArray[np.float64]:
    """Read `64,128,2000`; raises `BodyMalformed`."""
    return _check([part.strip() for part in text.split(",")], where="the throughputs")


def read_audience(path: Path) -> NDArray[np.float64]:
    """Read a CSV file with the column `throughput_kbps`, or with one column of figures.

    Raises `InputError` where it cannot be opened, `BodyMalformed` with its line.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            rows = [row for row in csv.reader(lines) if row]
    except (OSError, UnicodeDecodeError) as why:
        raise InputError(f"{path}: {getattr(why, 'strerror', None) or 'not UTF-8'}") from None
    if not rows:
        raise BodyMalformed(f"{path} is empty")
    if COLUMN in rows[0]:
        at, rows = rows[0].index(COLUMN), rows[1:]
    elif len(rows[0]) == 1:
        at = 0
    else:
        raise BodyMalformed(f"{path} has no column {COLUMN}")
    return _check([row[at] if at < len(row) else "" for row in rows], where=str(path))


def _check(texts: list[str], *, where: str) -> NDArray[np.float64]:
    if not 0 < len(texts) <= LISTENERS_MAX:
        raise BodyMalformed(f"{where}: {len(texts)} listeners; taken are 1 to {LISTENERS_MAX}")
    for number, text in enumerate(texts, start=1):
        try:
            good = 0 < float(text) < float("inf")
        except ValueError:
            good = False
        if not good:
            raise BodyMalformed(f"{where}: {text[:40]!r} is no throughput (entry {number})")
    return np.array(texts, dtype=np.float64)
