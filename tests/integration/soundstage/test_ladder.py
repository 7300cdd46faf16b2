"""Another ladder comes on air while players listen, and none of them is left without a rung."""

import re
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from soundstage.audio.codec import decode
from soundstage.delivery.playlist import read_media
from soundstage.plan import load_plan
from tests.integration.soundstage.platform import run

FAILURES = re.compile(r"^soundstage_\w*fetch_failures_total\{.*\} ([0-9.]+)$", re.MULTILINE)


def read(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return bytes(answer.read())


@pytest.mark.slow
def test_a_ladder_is_changed_on_air_and_back(state: Path) -> None:
    started = run("up", "--state", str(state), "--ladder", "96,48", "--listeners", "1")
    assert started.returncode == 0, started.stderr
    plan = load_plan(state)
    live = f"{plan.process('edge').url}/live/acme/charts"
    time.sleep(8)
    before = sum(_failures(state))
    changed = run("ladder", "64,48,24", "--state", str(state))
    assert changed.returncode == 0, changed.stderr
    assert "before: 96,48" in changed.stdout
    master = read(f"{live}/master.m3u8").decode()
    assert re.findall(r"^(\d+)\.m3u8$", master, re.MULTILINE) == ["64", "48", "24"]
    number = read_media(read(f"{live}/24.m3u8").decode())[-1]
    poor, rich = (read(f"{live}/{number}-{kbps}.m4s") for kbps in (24, 64))
    assert len(poor) < 0.6 * len(rich)
    assert len(decode(read(f"{live}/init.mp4") + poor)) > 0
    time.sleep(14)  # until the last segment of the old rung has left the playlist
    with pytest.raises(urllib.error.HTTPError, match="404"):
        read(f"{live}/96.m3u8")
    assert sum(_failures(state)) == before
    assert load_plan(state).settings.ladder_kbps == (64, 48, 24)
    refused = run("ladder", "48,64", "--state", str(state))
    assert refused.returncode == 1
    assert "best first" in refused.stderr
    assert run("down", "--state", str(state)).returncode == 0


def _failures(state: Path) -> list[float]:
    """How often each tenant's listeners did not get what they asked for."""
    found = []
    for place in load_plan(state).replicas("listeners"):
        found += [float(one) for one in FAILURES.findall(read(f"{place.url}/metrics").decode())]
    assert found, "the listeners do not tell of failures any more"
    return found
