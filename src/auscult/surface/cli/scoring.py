"""`auscult score series`: a file of values in, a file with scores out."""

import csv
from pathlib import Path

from auscult.detection import read_series, score_series
from auscult.kernel.errors import BodyMalformed, SettingError


def score_file(file: Path, out: Path) -> None:
    """Write timestamp,value,score,alert for every row of the file, in time order.

    Raises `BodyMalformed` with file and line, and for a file without rows; `SettingError` where a
    file cannot be opened.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            series = read_series(lines)
    except (OSError, UnicodeDecodeError) as why:
        raise SettingError(f"{file}: {_reason(why)}") from None
    except BodyMalformed as wrong:
        raise BodyMalformed(f"{file}: {wrong.detail}") from None
    if not series.at_ms.size:
        raise BodyMalformed(f"{file}: it holds no row of a time and a value, so nothing is scored")
    scores, alerts = score_series(series.at_ms, series.value)
    try:
        with out.open("w", encoding="utf-8", newline="") as place:
            rows = csv.writer(place, lineterminator="\n")
            rows.writerow(("timestamp", "value", "score", "alert"))
            for at, value, score, alert in zip(
                series.time_text, series.value_text, scores.tolist(), alerts.tolist(), strict=True
            ):
                rows.writerow((at, value, f"{score:.6f}", int(alert)))
    except OSError as why:
        raise SettingError(f"{out}: {_reason(why)}") from None


def _reason(why: OSError | UnicodeDecodeError) -> str:
    return str(why.strerror if isinstance(why, OSError) else f"not UTF-8: {why.reason}")
