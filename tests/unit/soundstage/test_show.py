"""The score of a show: what belongs to which fault, and what is said about it."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from soundstage.errors import NotRunning, SoundstageError
from soundstage.show import script
from soundstage.show.closing import closing_line, with_foreign
from soundstage.show.ledger import GRACE_MS, Broken, Found, match, summarise
from soundstage.show.options import read_duration
from soundstage.show.voice import Voice, bar
from soundstage.truth import (
    Truth,
    drop_note,
    noted_while_it_begins,
    read_running,
    record_truth,
)

KILL = Broken("kill", "encode", started_ms=100_000, ended_ms=110_000)
HANG = Broken("hang", "package", started_ms=150_000, ended_ms=160_000)


def found(name: str, opened_ms: int, **more: Any) -> Found:
    return Found(name, opened_ms, headline=name, **more)


def healed(ended_ms: int) -> list[dict[str, Any]]:
    return [{"state": "failed", "ended_ms": 1}, {"state": "healed", "ended_ms": ended_ms}]


def test_an_incident_belongs_to_the_fault_it_opened_in() -> None:
    incidents = [found("b", 152_000), found("a", 103_500)]
    assert match([KILL, HANG], incidents) == {"a": 0, "b": 1}


@pytest.mark.parametrize(
    ("opened_ms", "mine"),
    [
        (99_999, False),
        (100_000, True),
        (110_000 + GRACE_MS, True),
        (110_001 + GRACE_MS, False),
    ],
)
def test_only_between_start_and_twenty_seconds_after_the_end(opened_ms: int, mine: bool) -> None:
    assert bool(match([KILL], [found("a", opened_ms)])) is mine


def test_a_fault_that_still_lasts_takes_whatever_opens() -> None:
    assert match([Broken("kill", "encode", 5)], [found("a", 10**9)]) == {"a": 0}


def test_the_summary_counts_second_and_uncaused_incidents_as_false() -> None:
    incidents = [
        found("a", 103_500, runs=healed(111_000)),
        found("again", 104_000),
        found("ghost", 10_000),
        found("b", 152_000),
    ]
    summary = summarise([KILL, HANG], incidents, {"a": 1, "b": 2, "ghost": 1})
    first, second = summary["faults"]
    assert (first["incident"], first["seconds_to_detection"], first["pages"]) == ("a", 3.5, 1)
    assert (first["healed"], first["seconds_to_heal"]) == (True, 7.5)
    assert (second["incident"], second["healed"], second["seconds_to_heal"]) == ("b", False, None)
    assert summary["false_incidents"] == 2
    assert {row["incident"] for row in summary["false"]} == {"again", "ghost"}


def test_a_fault_nobody_found_is_said_so() -> None:
    (row,) = summarise([KILL], [], {})["faults"]
    assert row["incident"] is None
    assert row["seconds_to_detection"] is None
    assert row["pages"] == 0


def test_the_script_covers_the_shelf_and_fits_into_the_time() -> None:
    once = list(script.steps(endless=False))
    assert [step.name for step in once[:3]] == ["kill", "hang", "error_burst"]
    assert len(once) >= 7
    kill, burst = once[0], once[2]
    assert script.shorten(kill, left_s=kill.seconds + script.LAST_QUIET_S) == kill.seconds
    assert script.shorten(kill, left_s=kill.seconds + script.LAST_QUIET_S - 1) == 0.0
    assert script.shorten(burst, left_s=27.0) == pytest.approx(22.0)
    assert script.shorten(burst, left_s=24.0) == 0.0
    endless = script.steps(endless=True)
    assert len({next(endless).name for _ in range(2 * len(once))}) == len(once)


def test_a_show_knows_whether_it_has_time_to_break_anything() -> None:
    assert script.has_room(left_s=script.SHORTEST_S + script.LAST_QUIET_S)
    assert not script.has_room(left_s=script.SHORTEST_S + script.LAST_QUIET_S - 0.1)


def a_truth(name: str, started_ms: int, ended_ms: int = 0) -> Truth:
    return Truth(name, "encode", started_ms, ended_ms, broken="", listener_notices="")


def test_a_fault_by_hand_is_known_while_it_runs_and_when_it_is_over(tmp_path: Path) -> None:
    own = [Broken("kill", "encode", 2_000, 3_000)]
    record_truth(tmp_path, a_truth("kill", 2_000, 3_000))
    record_truth(tmp_path, a_truth("kill", 10, 20))  # of an earlier show
    for started_ms, until_ms in ((1_500, 90_000), (5_000, 6_000)):
        truth = a_truth("hang", started_ms)
        with noted_while_it_begins(tmp_path, truth, until_ms=until_ms):
            pass
    known = with_foreign(tmp_path, own, since_ms=1_000, now_ms=60_000)
    assert known == [
        Broken("hang", "encode", 1_500, 0),
        own[0],
        Broken("hang", "encode", 5_000, 6_000),  # killed: it ended when it was to
    ]
    assert match(known, [found("mine", 1_700)]) == {"mine": 0}
    record_truth(tmp_path, a_truth("hang", 1_500, 8_000))
    drop_note(tmp_path, a_truth("hang", 1_500))
    after = with_foreign(tmp_path, own, since_ms=1_000, now_ms=60_000)
    assert after[0] == Broken("hang", "encode", 1_500, 8_000)
    assert len(after) == len(known)


def test_a_fault_that_cannot_begin_leaves_no_note(tmp_path: Path) -> None:
    def fail() -> None:
        with noted_while_it_begins(tmp_path, a_truth("hang", 1_500), until_ms=9_000):
            assert read_running(tmp_path, now_ms=2_000)
            raise NotRunning("gone")

    with pytest.raises(NotRunning):
        fail()
    assert not read_running(tmp_path, now_ms=2_000)


@pytest.mark.parametrize(("text", "seconds"), [("240s", 240), ("4m", 240), ("90", 90)])
def test_durations(text: str, seconds: float) -> None:
    assert read_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "-5s", "4 parsecs"])
def test_bad_durations_are_refused(text: str) -> None:
    with pytest.raises(SoundstageError, match="--for"):
        read_duration(text)


def test_without_a_terminal_there_are_plain_lines_and_no_escape_codes() -> None:
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    voice = Voice(as_json=False, out=out)
    voice.progress(f"learning {bar(0.3)}", new_line=False)
    voice.progress(f"learning {bar(0.5)}", new_line=True)
    voice.say("x", "◆ found · it")
    out.seek(0)
    assert out.read() == "learning #####.....\n* found - it\n"


def test_as_json_each_event_is_one_line() -> None:
    out = io.StringIO()
    voice = Voice(as_json=True, out=out)
    voice.stamp("fault", "words", name="kill")
    voice.say("summary", "words", false_incidents=0)
    rows = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [row["event"] for row in rows] == ["fault", "summary"]
    assert rows[0]["name"] == "kill"


def test_the_closing_line_says_how_it_went() -> None:
    summary = summarise([KILL], [found("a", 103_500)], {"a": 1})
    summary |= {"seconds": 240.0, "pages_doubled": 0, "processes_left": 0}
    line = closing_line(summary)
    assert "4 min" in line
    assert "faults 1, found 1, false incidents 0" in line
    assert "median 3.5 s" in line
