"""What the show was asked for."""

import re
from dataclasses import dataclass
from pathlib import Path

from soundstage.errors import SoundstageError

UNITS_S = {"": 1, "s": 1, "m": 60, "min": 60, "h": 3600}


@dataclass(frozen=True, slots=True)
class Options:
    """The options of ``soundstage show``; ``for_s`` is None when it runs until Ctrl-C."""

    state: Path
    for_s: float | None = None
    summary: Path | None = None
    faults: bool = True
    as_json: bool = False
    seed: int = 1
    codec: bool = False


def read_duration(text: str) -> float:
    """Read ``240s``, ``4m`` or ``240`` as seconds; raises ``SoundstageError``."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(s|m|min|h|)", text.strip())
    if match is None:
        raise SoundstageError(f"--for {text}: write seconds or minutes, as 240s or 4m")
    return float(match[1]) * UNITS_S[match[2]]
