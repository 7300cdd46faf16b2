"""Schedules of campaigns, releases on file, settings and their limits."""

import json
import socket
import threading
from pathlib import Path
from typing import Any

import pytest

from soundstage.campaign.command import Campaign, run_campaign
from soundstage.campaign.schedule import HOLD_S, LAST_QUIET_S, LEAST_S, QUIET_S, Step, draw_steps
from soundstage.errors import BadSetting, BadTarget, NotRunning, UnknownFault
from soundstage.plan import make_plan, save_plan
from soundstage.sabotage import shelf
from soundstage.settings import Settings, read_ladder
from soundstage.stages.release import (
    choose_release,
    known_releases,
    roll_back,
    running_release,
)
from soundstage.supervision.replicas import scale
from soundstage.supervision.rollout import roll_out, take_back

PROGRAMMES = ["acme/charts", "birch/talk"]


def test_a_schedule_is_the_same_for_the_same_seed_and_fits_its_time() -> None:
    steps = list(draw_steps(7, minutes=60, programmes=PROGRAMMES))
    assert steps == list(draw_steps(7, minutes=60, programmes=PROGRAMMES))
    assert steps != list(draw_steps(8, minutes=60, programmes=PROGRAMMES))
    assert sum(step.quiet_s + step.seconds for step in steps) + LAST_QUIET_S <= 3_600
    for step in steps:
        assert QUIET_S[0] <= step.quiet_s <= QUIET_S[1]
        assert HOLD_S[0] <= step.seconds <= HOLD_S[1]
        kind = shelf.load(step.name)
        assert step.target in (*kind.targets, kind.target)
        shelf.build(step.name, dict(step.parameters))
    narrowed = [step.parameters["programme"] for step in steps if step.parameters]
    assert set(narrowed) <= set(PROGRAMMES)
    assert narrowed


def test_every_fault_comes_once_before_one_comes_again() -> None:
    names = [step.name for step in draw_steps(1, minutes=120)]
    on_shelf = shelf.names()
    assert sorted(names[: len(on_shelf)]) == on_shelf
    assert [step.name for step in draw_steps(1, minutes=5, names=["kill"])] in (
        ["kill"] * 2,
        ["kill"] * 3,
        ["kill"] * 4,
    )


@pytest.mark.parametrize("seed", range(1, 12))
@pytest.mark.parametrize("minutes", [LEAST_S / 60, 2.0, 2.4])
def test_a_short_campaign_breaks_one_thing_where_it_fits(seed: int, minutes: float) -> None:
    for names in ((), ("silence",)):
        steps = list(draw_steps(seed, minutes=minutes, names=names))
        assert len(steps) == 1
        assert steps[0].quiet_s >= QUIET_S[0]
        assert steps[0].seconds >= HOLD_S[0]
        assert steps[0].quiet_s + steps[0].seconds + LAST_QUIET_S <= 60 * minutes
        assert steps[0].name == next(draw_steps(seed, minutes=20, names=names)).name


def test_a_campaign_too_short_for_any_fault_says_how_long_it_must_be() -> None:
    with pytest.raises(BadSetting, match=r"takes at least 85 s; write --minutes 1\.5"):
        list(draw_steps(1, minutes=1.4))
    assert list(draw_steps(1, minutes=1.5))


def test_an_impossible_campaign_is_refused() -> None:
    for minutes in (0.0, -1.0, 1e9):
        with pytest.raises(BadSetting):
            list(draw_steps(1, minutes=minutes))
    with pytest.raises(UnknownFault):
        list(draw_steps(1, minutes=5, names=["earthquake"]))


def test_a_campaign_without_a_platform_says_so(tmp_path: Path) -> None:
    with pytest.raises(NotRunning):
        run_campaign(tmp_path, seed=1, minutes=5, only=[], plan_only=True)


def test_what_cannot_be_injected_is_told_and_the_quiet_goes_on(tmp_path: Path) -> None:
    save_plan(make_plan(tmp_path), tmp_path)
    told: list[dict[str, Any]] = []
    stop = threading.Event()

    def say(row: dict[str, Any]) -> None:
        told.append(row)
        if row["event"] == "skipped":
            stop.set()

    Campaign(tmp_path, say, stop).run([Step(0.01, "silence", "nowhere", 30.0)])
    assert [row["event"] for row in told] == ["skipped", "quiet"]
    assert "can break: ingest, enhance, encode" in told[0]["reason"]
    assert told[1]["ended_ms"] >= told[1]["started_ms"] > 0
    json.dumps(told)


def test_a_release_is_chosen_for_one_process_and_taken_back(tmp_path: Path) -> None:
    assert known_releases() == ["v1", "v2"]
    assert running_release(tmp_path, "enhance") == "v1"
    choose_release(tmp_path, "enhance", "v2")
    assert running_release(tmp_path, "enhance") == "v2"
    assert running_release(tmp_path, "enhance-2") == "v1"
    assert roll_back(tmp_path, "enhance") == "v1"
    with pytest.raises(BadSetting, match="nothing to go back to"):
        roll_back(tmp_path, "enhance")
    with pytest.raises(BadSetting, match="v1, v2"):
        choose_release(tmp_path, "enhance", "../v2")


def test_only_what_has_releases_is_rolled_out(tmp_path: Path) -> None:
    state = tmp_path / "alone"  # a platform that runs beside it would be named instead
    state.mkdir()
    plan = make_plan(state)
    save_plan(plan, state)
    with pytest.raises(NotRunning, match="soundstage up"):
        roll_out(state, "enhance", "v2")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as supervisor:
        supervisor.bind(plan.supervisor_socket)
        supervisor.listen()
        with pytest.raises(BadTarget, match="these have: enhance"):
            roll_out(state, "edge", "v2")
        with pytest.raises(BadTarget):
            take_back(state, "enhance-2")
    Path(plan.supervisor_socket).unlink()


@pytest.mark.parametrize(("stage", "count"), [("listeners", 2), ("edge", 0), ("edge", 5)])
def test_what_cannot_be_scaled_is_refused(tmp_path: Path, stage: str, count: int) -> None:
    save_plan(make_plan(tmp_path), tmp_path)
    with pytest.raises(BadSetting):
        scale(tmp_path, stage, count)


@pytest.mark.parametrize(
    "wrong",
    [
        {"ladder_kbps": ()},
        {"ladder_kbps": (48, 96)},
        {"ladder_kbps": (96, 96)},
        {"ladder_kbps": (1_000,)},
        {"listeners": 0},
        {"speedup": -1.0},
        {"traces_share": 2.0},
        {"traces_url": "collector:4318"},
        {"events_url": "file:///etc/passwd"},
    ],
)
def test_settings_beyond_their_limits_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(BadSetting):
        Settings(**wrong)


def test_a_ladder_is_read_from_text() -> None:
    assert read_ladder("128,64,24") == (128, 64, 24)
    with pytest.raises(BadSetting, match="96,48"):
        read_ladder("fast")
