"""A task ends well, is refused, or is lost with its reason; and no worker outlives the loop."""

import asyncio
import os
import signal
import threading
import time
from pathlib import Path

import pytest

from auscult.engine.jobs import Beat, Budget, Done, Lost, Task, Workshop, run_tasks
from auscult.engine.jobs.worker import find_function
from auscult.runtime.settings import process_environment

LIGHT = "auscult.engine.codec.trying:survey"
BUDGET = Budget(workers=1, task_s=60, nice=1)
SLOW = {"places": [["a", "http://127.0.0.1:9/a", "http://127.0.0.1:9/b"]], "listen_s": 60, "own": 1}


def workers() -> list[int]:
    """The workers of this very process."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"auscult.engine.jobs.worker" in words and str(os.getpid()).encode() in words:
            found.append(int(entry.name))
    return found


def test_a_refusal_is_told_and_the_worker_goes_on(tmp_path: Path) -> None:
    tasks = [Task(str(n), LIGHT, {"path": str(tmp_path / f"{n}.wav")}) for n in range(3)]
    ends = list(run_tasks(tasks, BUDGET))
    assert [one.task.name for one in ends] == ["0", "1", "2"]
    assert all(isinstance(one, Lost) and one.is_refused for one in ends)
    assert isinstance(ends[0], Lost)
    assert "is no file" in ends[0].reason
    assert not workers()


def test_what_breaks_a_worker_is_tried_again_and_then_lost_with_its_last_words() -> None:
    tasks = [Task("a", "auscult.nowhere:run", {})]
    (end,) = run_tasks(tasks, BUDGET)
    assert isinstance(end, Lost)
    assert "died 2 times" in end.reason
    assert "auscult.nowhere" in end.reason


def test_a_task_beyond_its_time_is_ended_and_says_so(tmp_path: Path) -> None:
    # A worker needs longer than this to start, so that no task can be done in time.
    tasks = [Task("late", LIGHT, {"path": str(tmp_path)})]
    (end,) = run_tasks(tasks, Budget(workers=1, task_s=0.01))
    assert isinstance(end, Lost)
    assert end.reason == "not done within 0.01 s"
    assert not workers()


def test_closing_the_loop_kills_what_runs(tmp_path: Path) -> None:
    tasks = [Task(str(n), LIGHT, {"path": str(tmp_path)}) for n in range(50)]
    running = run_tasks(tasks, Budget(workers=2))
    next(running)
    assert len(workers()) == 2
    running.close()  # type: ignore[attr-defined]  # a generator, as every iterator of it is
    assert not workers()


def test_only_functions_of_the_product_are_run() -> None:
    for name in ("os:system", "auscult.kernel.errors:no.such", "builtins:eval"):
        with pytest.raises(ValueError, match="no job"):
            find_function(name)


def test_a_worker_killed_in_the_middle_costs_one_try(tmp_path: Path) -> None:
    tasks = [Task(str(n), LIGHT, {"path": str(tmp_path / "x.wav")}) for n in range(4)]
    ends = []
    for end in run_tasks(tasks, BUDGET):
        ends.append(end)
        if len(ends) == 1:
            for pid in workers():
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.2)
    assert sorted(one.task.name for one in ends) == ["0", "1", "2", "3"]
    assert all(isinstance(one, Lost) and one.is_refused for one in ends)
    assert not any(isinstance(one, Done) for one in ends)


def test_a_stray_line_of_a_worker_is_no_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noise = 'import os\nos.write(1, b"a library says hello\\n[1]\\n{}\\nhalf a line, then\\n")\n'
    (tmp_path / "sitecustomize.py").write_text(noise)
    environ = {**process_environment()}
    environ["PYTHONPATH"] = os.pathsep.join([str(tmp_path), environ.get("PYTHONPATH", "")])
    monkeypatch.setattr("auscult.engine.jobs.pool.process_environment", lambda: environ)
    tasks = [Task(str(n), LIGHT, {"path": str(tmp_path / f"{n}.wav")}) for n in range(2)]
    ends = list(run_tasks(tasks, BUDGET))
    assert [one.task.name for one in ends] == ["0", "1"]
    assert all(isinstance(one, Lost) and "is no file" in one.reason for one in ends)


async def test_who_stops_waiting_stops_the_work_and_the_workshop_goes_on(tmp_path: Path) -> None:
    workshop = Workshop("test")
    begun = threading.Event()

    def work(beat: Beat) -> list[Done | Lost]:
        begun.set()
        slow = [Task("slow", "auscult.engine.codec.hearing:hear", SLOW)]
        return list(run_tasks(slow, BUDGET, beat=beat))

    waiting = asyncio.create_task(workshop.do(work))
    while not begun.is_set() or not workers():
        await asyncio.sleep(0.05)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    task = Task("next", LIGHT, {"path": str(tmp_path / "none.wav")})
    (end,) = await workshop.do(lambda beat: list(run_tasks([task], BUDGET, beat=beat)))
    assert isinstance(end, Lost)
    assert not workers()
    workshop.close()
