"""The last line of the show, and what others broke in the meantime."""

from pathlib import Path
from statistics import median
from typing import Any

from soundstage.show.ledger import Broken
from soundstage.truth import read_truths


def foreign_faults(state: Path, since_ms: int, known: set[tuple[str, int]]) -> list[Broken]:
    """Faults that somebody injected by hand during the show, from the truth log."""
    return [
        Broken(truth.name, truth.target, truth.started_ms, truth.ended_ms)
        for truth in read_truths(state)
        if truth.started_ms >= since_ms and (truth.name, truth.started_ms) not in known
    ]


def closing_line(summary: dict[str, Any]) -> str:
    """Say how it went in one line."""
    faults = summary["faults"]
    waits = [row["seconds_to_detection"] for row in faults if row["incident"]]
    words = [
        f"— {summary['seconds'] / 60:.0f} min",
        f"faults {len(faults)}, found {len(waits)}, false incidents {summary['false_incidents']}",
    ]
    if waits:
        words.append(f"median {median(waits):.1f} s to find")
    words.append(f"healed {sum(row['healed'] for row in faults)}")
    words.append(f"pages {summary['pages']}, doubled {summary['pages_doubled']}")
    words.append(f"{summary['processes_left']} processes left")
    return " · ".join(words)
