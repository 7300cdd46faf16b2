"""Replicas come and go without a lost chunk, and two releases run side by side."""

import json
import re
import time

import pytest

from soundstage.plan import load_plan
from tests.integration.soundstage.platform import Living, run, until

pytestmark = pytest.mark.alone

KEYS = ("acme/morning", "acme/charts", "birch/talk", "coral/calm", "coral/club")


def scale(living: Living, stage: str, count: int) -> None:
    done = run("scale", stage, str(count), "--state", str(living.state), timeout_s=90)
    assert done.returncode == 0, done.stderr
    living.plan = load_plan(living.state)


def lost(living: Living, stage: str) -> float:
    places = [place.name for place in living.plan.replicas(stage)]
    return sum(living.value(name, "soundstage_chunks_missing_total") for name in places)


def served(living: Living, process: str) -> set[str]:
    """The tenants whose programmes a process says it works on."""
    text = living.get(process, "/metrics")[1].decode()
    rows = [row for row in text.splitlines() if row.startswith("soundstage_lag_seconds{")]
    return {re.search('tenant="([^"]*)"', row)[1] for row in rows}  # type: ignore[index]


def test_a_stage_is_scaled_up_and_down_without_a_lost_chunk(living: Living) -> None:
    until(lambda: len(living.segments("acme/charts")) >= 2, within_s=20, what="segments")
    before = lost(living, "package")
    scale(living, "encode", 2)
    assert [place.name for place in living.plan.replicas("encode")] == ["encode", "encode-2"]
    targets = json.loads((living.state / "targets.json").read_text())
    assert "encode-2" in {group["labels"]["service"] for group in targets}
    until(
        lambda: (
            living.value(
                "package", "soundstage_upstream_requests_total", upstream="encode-2", outcome="ok"
            )
            > 3
        ),
        within_s=20,
        what="the new one is asked",
    )
    both = served(living, "encode") | served(living, "encode-2")
    assert both == {"acme", "birch", "coral"}
    assert "birch" not in served(living, "encode-2")  # its only programme is the third of five
    assert "2 of 2" in run("status", "--state", str(living.state)).stdout
    scale(living, "encode", 1)
    assert "encode-2" not in run("status", "--state", str(living.state)).stdout
    time.sleep(3)
    assert lost(living, "package") == before
    newest = {key: living.segments(key)[-1] for key in KEYS}
    until(
        lambda: all(living.segments(key)[-1] > newest[key] for key in KEYS),
        within_s=20,
        what="every programme goes on",
    )


def test_listeners_spread_over_the_edges(living: Living) -> None:
    scale(living, "edge", 2)
    log = living.state / "log" / "access-edge-2.ndjson"
    until(lambda: log.exists() and len(log.read_text().splitlines()) > 10, within_s=20)
    assert json.loads(log.read_text().splitlines()[-1])["service"] == "edge-2"
    scale(living, "edge", 1)
    playing = living.value("listeners-acme", "soundstage_active_sessions")
    until(lambda: playing == 4, within_s=20, what="all play on")


def test_two_releases_run_side_by_side_and_one_is_rolled_back(living: Living) -> None:
    scale(living, "enhance", 2)
    words = ["--state", str(living.state)]
    assert run("release", "enhance-2", "v2", *words).returncode == 0
    until(lambda: living.release("enhance-2") == "v2", within_s=60)
    assert living.release("enhance") == "v1"
    status = run("status", *words).stdout
    assert {line.split()[3] for line in status.splitlines() if line.startswith("enhance")} == {
        "v1",
        "v2",
    }
    assert "v1" in run("rollback", "enhance-2", *words).stdout
    until(lambda: living.release("enhance-2") == "v1", within_s=60)
    wrong = (["rollback", "enhance-2"], ["release", "edge", "v2"], ["release", "enhance", "v9"])
    for refused in wrong:
        done = run(*refused, *words)
        assert done.returncode == 1
        assert done.stderr.startswith("soundstage: ")
    scale(living, "enhance", 1)


def test_what_cannot_be_scaled_is_refused(living: Living) -> None:
    for words in (["listeners", "2"], ["encode", "0"], ["encode", "99"]):
        done = run("scale", *words, "--state", str(living.state))
        assert done.returncode == 1
        assert done.stderr.count("\n") == 1


def test_a_campaign_tells_the_truth_as_lines(living: Living) -> None:
    words = ["campaign", "--state", str(living.state), "--seed", "3", "--minutes", "6"]
    planned = run(*words, "--plan")
    steps = [json.loads(line) for line in planned.stdout.splitlines()]
    assert steps == [json.loads(line) for line in run(*words, "--plan").stdout.splitlines()]
    assert 2 <= len(steps) <= 6
    assert {step["event"] for step in steps} == {"planned"}
