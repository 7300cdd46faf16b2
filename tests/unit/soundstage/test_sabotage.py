"""The shelf of faults, their parameters, their inside, and the truth log."""

import asyncio
from pathlib import Path

import pytest

import soundstage.faults
from soundstage.errors import BadTarget, NotRunning, UnknownFault
from soundstage.plan import STAGES, make_plan, save_plan
from soundstage.sabotage import shelf
from soundstage.sabotage.injection import aim
from soundstage.sabotage.inside import Inside
from soundstage.truth import Truth, read_truths, record_truth

EXPECTED = {"kill", "hang", "cpu", "delay", "error_burst", "leak", "bad_release"}

NEW_FAULT = """
from dataclasses import dataclass
from soundstage.sabotage.port import Fault

@dataclass(frozen=True, kw_only=True)
class Itch(Fault):
    target = "edge"
    seconds = 5.0
    broken = "{target} itches"
    listener_notices = "nothing"
    strength: int = 3
"""


def test_the_shelf_lists_what_lies_on_it() -> None:
    assert set(shelf.names()) >= EXPECTED


@pytest.mark.parametrize("name", shelf.names())
def test_every_fault_says_what_is_broken_and_has_good_defaults(name: str) -> None:
    kind = shelf.load(name)
    assert "{target}" in kind.broken
    assert kind.listener_notices
    assert kind.target in STAGES
    assert 10 <= kind.seconds <= 120
    assert kind.__doc__
    shelf.build(name, {})


def test_a_new_file_is_a_new_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "itch.py").write_text(NEW_FAULT)
    monkeypatch.setattr(soundstage.faults, "__path__", [*soundstage.faults.__path__, str(tmp_path)])
    assert "itch" in shelf.names()
    assert shelf.build("itch", {"strength": "9"}).parameters() == {"strength": 9}


def test_wrong_names_and_parameters_are_refused_with_the_right_ones() -> None:
    with pytest.raises(UnknownFault, match="error_burst"):
        shelf.load("../kill")
    with pytest.raises(BadTarget, match="delay_ms"):
        shelf.build("delay", {"delay": "5"})
    with pytest.raises(BadTarget, match="invalid literal"):
        shelf.build("delay", {"delay_ms": "long"})


def test_a_fault_is_only_aimed_at_what_it_can_break(tmp_path: Path) -> None:
    with pytest.raises(NotRunning):
        aim(tmp_path, "kill")
    save_plan(make_plan(tmp_path), tmp_path)
    assert aim(tmp_path, "kill").target == "encode"
    with pytest.raises(BadTarget, match="it can break: enhance"):
        aim(tmp_path, "bad_release", target="edge")
    with pytest.raises(BadTarget, match="ingest"):
        aim(tmp_path, "kill", target="nowhere")
    with pytest.raises(BadTarget, match="--seconds"):
        aim(tmp_path, "kill", seconds=1e9)


def test_inside_a_process_a_fault_ends_by_itself_and_frees_what_it_held() -> None:
    async def live() -> None:
        inside = Inside()
        inside.enter("leak", {"mb_per_second": 1000, "up_to_mb": 3}, seconds=0.15)
        await asyncio.sleep(0.05)
        assert inside.active() == ["leak"]
        assert sum(map(len, inside.held["leak"])) == 3 << 20
        await asyncio.sleep(0.2)
        assert inside.active() == []
        assert inside.held == {}

    asyncio.run(live())


def test_the_truth_log_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    assert read_truths(tmp_path) == []
    truths = [
        Truth("kill", "encode", 1, 2, "gone", "sound stops", {}),
        Truth("delay", "edge", 3, 4, "slow — “very”", "waits\nmore", {"delay_ms": 5}),
    ]
    for truth in truths:
        record_truth(tmp_path, truth)
    assert read_truths(tmp_path) == truths
    assert len((tmp_path / "truth.ndjson").read_text().splitlines()) == 2
