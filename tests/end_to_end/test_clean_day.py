"""A day of clean sound, with and without its source beside it: at most one false alarm each."""

import subprocess
import sys

import pytest

HOURS = 24.5
"""So many whole stations of twenty minutes that a day is full."""

pytestmark = [pytest.mark.campaign, pytest.mark.timeout(14_400)]


def test_a_day_of_clean_sound_wakes_nobody() -> None:
    words = [sys.executable, "-m", "tests.benchmarks.audio_faults", "--clips", "0", "--jobs", "2"]
    words += ["--clean-hours", str(HOURS), "--seed", "101"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=14_000, check=False)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert "beside.false_alarms" in done.stdout
    assert "alone.false_alarms" in done.stdout
