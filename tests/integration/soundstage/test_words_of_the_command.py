"""What the command says when something is not as it has to be: one line, and at once."""

import signal
from pathlib import Path

import pytest

from tests.integration.soundstage.platform import processes_of, run
from tests.integration.soundstage.test_show_and_orphans import fake, start_show, wait_line

__all__ = ["fake"]


def refused(*words: str) -> str:
    """Run what cannot be, and return the one line that says why."""
    done = run(*words)
    assert done.returncode == 1, done.stdout
    assert done.stdout == ""
    assert done.stderr.startswith("soundstage: ")
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def test_a_folder_that_cannot_be_written_is_told_before_anything_starts(state: Path) -> None:
    (state / "file").touch()
    for words, option in (
        (("show", "--state", "/proc/x"), "--state /proc/x"),
        (("show", "--state", str(state / "show"), "--summary", "/nope/x.json"), "--summary /nope"),
        (("show", "--state", str(state / "show"), "--summary", str(state)), f"--summary {state}"),
        (("up", "--state", str(state / "up"), "--audio", "/nope"), "--audio /nope"),
        (("up", "--state", str(state / "file" / "up")), "--state "),
    ):
        assert option in refused(*words)
    assert not processes_of(state)


def test_a_campaign_in_which_nothing_can_break_is_refused(state: Path) -> None:
    assert "nothing runs in" in refused("campaign", "--state", str(state / "none"))


@pytest.mark.timeout(300)
def test_a_fault_by_hand_is_known_to_the_show_that_runs(state: Path, fake: str) -> None:
    show, elsewhere = str(state / "show"), str(state / "soundstage")
    with start_show(state, fake, "--no-faults") as child:
        wait_line(child, "nothing will be broken")
        assert f"add --state {show}" in refused("status", "--state", elsewhere)
        with start_show(state, fake) as second:
            out, _ = second.communicate(timeout=30)
        assert second.returncode == 1
        assert "another show runs in" in out
        assert "false incidents" not in out, "what played nothing has no score"
        assert "nothing would be broken in 1 minutes" in refused(
            "campaign", "--state", show, "--minutes", "1", "--plan"
        )
        done = run("fault", "kill", "--state", show, "--seconds", "8")
        assert done.returncode == 0, done.stderr
        assert "◆ found after" in wait_line(child, "◆")
        child.send_signal(signal.SIGINT)
        assert child.stdout
        assert "found 1, false incidents 0" in child.stdout.read()
    for words in (("status",), ("down",)):
        assert f"nothing runs in {show}" in refused(*words, "--state", show)
