"""The show with a stand-in for the product; and no process survives whoever started it."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.integration.soundstage.platform import (
    COMMAND,
    environment,
    processes_of,
    until,
)

pytestmark = pytest.mark.alone

FAKE = Path(__file__).with_name("fake_watcher.py")

# The same show with a short script: two seconds to learn, two of quiet.
QUICK = """
import sys
from soundstage.show import conductor, script
script.WARM_UP_S, script.QUIET_S, script.LAST_QUIET_S = 2.0, 2.0, 2.0
script.HOLD_S = script.SHORTEST_S = 3.0
script.HEAL_S = 16.0
script.ORDER = ("kill", "hang", "delay")
from soundstage.cli import main
main()
"""


@pytest.fixture
def fake(tmp_path: Path) -> str:
    script = tmp_path / "bin" / "auscult"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{FAKE}" "$@"\n')
    script.chmod(0o755)
    return str(script)


@contextmanager
def start_show(state: Path, fake: str, *words: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", QUICK, "show", "--state", str(state / "show"), *words],
        env=environment(SOUNDSTAGE_WATCHER=fake),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as child:
        try:
            yield child
        finally:
            child.kill()


def wait_line(child: subprocess.Popen[str], word: str) -> str:
    assert child.stdout
    for line in child.stdout:
        print(line, end="")  # what a failure shows
        if word in line:
            return line
    raise AssertionError(f"ended without saying {word!r}")


def test_an_unattended_show_keeps_the_score(state: Path, fake: str) -> None:
    summary = state / "out.json"
    with start_show(state, fake, "--for", "60s", "--summary", str(summary), "--json") as child:
        out, _ = child.communicate(timeout=120)
    assert child.returncode == 0, out
    events = [json.loads(line) for line in out.splitlines()]
    names = [event["event"] for event in events]
    assert names.index("page") < names.index("ready") < names.index("fault")
    score = json.loads(summary.read_text())
    rows = {row["name"]: row for row in reversed(score["faults"])}  # the first of each
    assert score["false_incidents"] == 0
    assert score["processes_left"] == 0
    for name in ("kill", "hang"):
        row = rows[name]
        assert row["incident"]
        assert row["pages"] == 1  # each was delivered twice under one id
        assert row["healed"] is True
        assert 0 < row["seconds_to_detection"] < 10
        assert 0 < row["seconds_to_heal"] < 16
    assert rows["delay"]["incident"] is None, out
    assert score["pages"] == score["pages_doubled"] >= 2
    assert not processes_of(state)


def test_ctrl_c_ends_a_show_within_three_seconds(state: Path, fake: str) -> None:
    with start_show(state, fake) as child:
        wait_line(child, "learning")
        child.send_signal(signal.SIGINT)
        took_s = until(lambda: child.poll() is not None, within_s=12, what="the show ends")
        assert child.stdout
        assert "0 processes left" in child.stdout.read()
    assert child.returncode == 0
    assert took_s <= 3.0
    assert not processes_of(state)


def test_killing_the_conductor_leaves_no_process(state: Path, fake: str) -> None:
    with start_show(state, fake) as child:
        wait_line(child, "learning")
        assert len(processes_of(state)) >= 10
        child.kill()
        child.wait(5)
        until(lambda: not processes_of(state), within_s=15, what="orphans are gone")


def test_killing_supervisord_leaves_no_process(state: Path) -> None:
    with subprocess.Popen(
        [*COMMAND, "up", "--foreground", "--state", str(state)],
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        try:
            wait_line(child, "listen:")
            os.kill(int((state / "supervisord.pid").read_text()), signal.SIGKILL)
            until(lambda: len(processes_of(state)) <= 1, within_s=15, what="orphans are gone")
            assert child.wait(5) == 0
        finally:
            child.kill()
