"""The truth log: one JSON line per fault that really was in force."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

FILE = "truth.ndjson"


@dataclass(frozen=True, slots=True)
class Truth:
    """What was broken, where, from when to when (Unix milliseconds)."""

    name: str
    target: str
    started_ms: int
    ended_ms: int
    broken: str
    listener_notices: str
    parameters: dict[str, Any] = field(default_factory=dict)


def record_truth(state: Path, truth: Truth) -> None:
    """Append one line in a single write."""
    with (state / FILE).open("a", encoding="utf-8") as log:
        log.write(json.dumps(asdict(truth), ensure_ascii=False) + "\n")


def read_truths(state: Path) -> list[Truth]:
    """Read the whole log, oldest first; none yet is an empty list."""
    path = state / FILE
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").splitlines()
    return [Truth(**json.loads(line)) for line in lines if line]
