"""A long campaign of random faults: found, in time, named rightly, and nothing beside them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

MINUTES = 60.0

pytestmark = [pytest.mark.campaign, pytest.mark.timeout(7_200)]


@pytest.mark.parametrize("seed", [101, 102])
def test_a_campaign_keeps_its_floors(tmp_path: Path, seed: int) -> None:
    out = tmp_path / "score.json"
    words = [sys.executable, "-m", "tests.benchmarks.campaign", "--minutes", str(MINUTES)]
    words += ["--seed", str(seed), "--out", str(out)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=7_000, check=False)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert json.loads(out.read_text())["all"]["injected"] >= 20
