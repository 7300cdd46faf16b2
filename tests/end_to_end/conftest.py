"""The whole show, once for the run: auscult beside soundstage, breaking itself, unattended."""

import json
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.product import BIN

SHOW_S = 240


@dataclass(frozen=True, slots=True)
class Show:
    """How a show went: its exit code, its summary, and everything it said."""

    code: int
    summary: dict[str, Any]
    said: str

    @property
    def faults(self) -> list[dict[str, Any]]:
        """What was broken, and what became of it."""
        return list(self.summary["faults"])

    def figures(self) -> str:
        """Return one line for each fault, for whoever reads a failure."""
        rows = [
            f"{row['name']} ({row['target']}): found after {row['seconds_to_detection']} s, "
            f"pages {row['pages']}, healed {row['healed']} after {row['seconds_to_heal']} s: "
            f"{row['headline']}"
            for row in self.faults
        ]
        false = [f"false: {row['headline']}" for row in self.summary["false"]]
        return "\n".join(["", *rows, *false])


@pytest.fixture(scope="session")
def show() -> Iterator[Show]:
    """Run `soundstage show --for 240s` in a bare folder; it clears up after itself."""
    with tempfile.TemporaryDirectory(prefix="auscult-show-") as place:  # short: sockets lie in it
        folder = Path(place)
        summary = folder / "out.json"
        words = ["--state", str(folder / "show"), "--for", f"{SHOW_S}s", "--summary", str(summary)]
        done = subprocess.run(
            [BIN / "soundstage", "show", *words, "--json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=SHOW_S + 60,
        )
        assert summary.exists(), done.stdout[-3_000:]
        yield Show(done.returncode, json.loads(summary.read_text()), done.stdout)
