"""The last line of the show, and what others broke in the meantime."""

from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from soundstage.show.ledger import Broken
from soundstage.truth import read_running, read_truths


def with_foreign(state: Path, own: Sequence[Broken], *, since_ms: int, now_ms: int) -> list[Broken]:
    """Return the show's own faults and those somebody injected by hand meanwhile, as they began.

    Of the latter the truth log tells those that are over; one in force has a note of its own.
    """
    known = {(fault.name, fault.started_ms) for fault in own}
    foreign: list[Broken] = []
    for truth in (*read_truths(state), *read_running(state, now_ms=now_ms)):
        if truth.started_ms >= since_ms and (truth.name, truth.started_ms) not in known:
            known.add((truth.name, truth.started_ms))
            foreign.append(Broken(truth.name, truth.target, truth.started_ms, truth.ended_ms))
    return sorted([*own, *foreign], key=lambda fault: fault.started_ms)


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
