"""The promises that one show against soundstage can prove, each under its own sentence."""

import pytest

from tests.end_to_end.conftest import Show

FOUND_WITHIN_S = 20.0
HEALED_WITHIN_S = 30.0
HEALABLE = {"kill", "hang"}

pytestmark = [pytest.mark.alone, pytest.mark.timeout(400), pytest.mark.slow]


def test_one_command_shows_it_all_and_leaves_nothing_behind(show: Show) -> None:
    assert show.code == 0, show.said[-3_000:]
    assert show.summary["processes_left"] == 0
    names = {row["name"] for row in show.faults}
    assert names >= HEALABLE, show.figures()
    assert names - HEALABLE, (
        f"nothing was broken that is only heard by what is usual{show.figures()}"
    )


def test_finds_what_no_threshold_was_set_for(show: Show) -> None:
    """The settings of the show name no limit: only absence, and the scorer that is always on."""
    late = [
        row["name"]
        for row in show.faults
        if row["incident"] is None or row["seconds_to_detection"] > FOUND_WITHIN_S
    ]
    assert not late, f"not found, or late: {late}{show.figures()}"
    assert {row["name"] for row in show.faults} - HEALABLE, show.figures()


def test_keeps_quiet_while_nothing_is_wrong(show: Show) -> None:
    assert show.summary["false_incidents"] == 0, show.figures()


def test_wakes_the_right_person_once(show: Show) -> None:
    found = [row for row in show.faults if row["incident"]]
    assert [row["pages"] for row in found] == [1] * len(found), show.figures()
    assert show.summary["pages"] == len(found), show.figures()
    assert show.summary["pages_doubled"] == 0, show.figures()


def test_heals_only_within_a_contract_and_proves_it(show: Show) -> None:
    for row in show.faults:
        if row["name"] in HEALABLE:
            assert row["healed"] is True, show.figures()
            assert 0 < row["seconds_to_heal"] <= HEALED_WITHIN_S, show.figures()
        else:
            assert row["healed"] is False, f"no runbook is for it{show.figures()}"
