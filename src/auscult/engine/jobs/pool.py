"""The pool: starts workers, hands them tasks, and ends them all, whatever happens.

Workers have sessions of their own, so that Ctrl-C reaches the parent alone; leaving the loop kills
them. A parent that is killed itself takes them along (`runtime.guards`), where the thread that
called this lives as long as the process.
"""

import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import IO

from auscult.engine.jobs.budget import Budget, Done, Lost, Task, Words
from auscult.runtime.settings import process_environment

ANSWER_BYTES_MAX = 16 << 20
WORDS_CHARS_MAX = 200
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
"""The pool decides how many cores are busy, not NumPy in each worker."""


BEAT_S = 0.5

Beat = Callable[[], None]
"""Called at least every `BEAT_S` while tasks run; what it raises ends them all."""


def run_tasks(
    tasks: Iterable[Task], budget: Budget, *, beat: Beat = lambda: None
) -> Iterator[Done | Lost]:
    """Yield each task's end, as they come; at most `budget.workers` run at a time.

    Closing the iterator kills what runs.
    """
    pool = _Pool(budget, deque((task, 1) for task in tasks), beat)
    try:
        yield from pool.run()
    finally:
        pool.close()


@dataclass(slots=True)
class _Worker:
    """One process; task is None while it waits."""

    process: subprocess.Popen[bytes]
    said: IO[bytes]
    task: Task | None = None
    tried: int = 0
    ends_s: float = 0.0
    read: bytearray = field(default_factory=bytearray)

    def take(self, task: Task, tried: int, ends_s: float) -> None:
        self.task, self.tried, self.ends_s = task, tried, ends_s
        line = json.dumps({"function": task.function, "words": task.words}).encode() + b"\n"
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(line)
            self.process.stdin.flush()
        except BrokenPipeError:
            return  # its output ends too, and is read there

    def answers(self) -> Iterator[Done | Lost]:
        """Yield the answer to the task at hand, if it has come; what is no answer is let go.

        A library may write to this pipe before the worker takes it for itself.
        """
        *lines, rest = self.read.split(b"\n")
        self.read = rest
        for line in lines:
            answer, task = _read_answer(line), self.task
            if answer is None or task is None:
                continue
            self.task = None
            if "refused" in answer:
                yield Lost(task, str(answer["refused"]), is_refused=True)
            else:
                yield Done(task, answer["answer"])

    def end(self) -> str:
        """Kill it and return how it ended, with the last it said."""
        self.process.kill()
        code = self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                _close(pipe)
        self.said.seek(0)
        lines = self.said.read().decode(errors="replace").strip().splitlines()
        self.said.close()
        how = signal.Signals(-code).name if code < 0 else f"exit {code}"
        return f"{how}: {lines[-1][:WORDS_CHARS_MAX]}" if lines else how


@dataclass(slots=True)
class _Pool:
    budget: Budget
    waiting: deque[tuple[Task, int]]
    beat: Beat
    workers: dict[int, _Worker] = field(default_factory=dict)
    selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)

    def run(self) -> Iterator[Done | Lost]:
        while self.waiting or any(one.task for one in self.workers.values()):
            self._hand_out()
            self.beat()
            ends = [one.ends_s for one in self.workers.values() if one.task]
            wait_s = min(max(0.0, min(ends) - time.monotonic()), BEAT_S)
            for key, _ in self.selector.select(wait_s):
                yield from self._hear(key.fd)
            yield from self._end_late()

    def close(self) -> None:
        for handle in list(self.workers):
            self._drop(handle)
        self.selector.close()

    def _hand_out(self) -> None:
        while self.waiting:
            idle = next((one for one in self.workers.values() if one.task is None), None)
            if idle is None and len(self.workers) >= self.budget.workers:
                return
            task, tried = self.waiting.popleft()
            (idle or self._start()).take(task, tried, time.monotonic() + self.budget.task_s)

    def _start(self) -> _Worker:
        bounds = [str(os.getpid()), str(self.budget.nice), str(self.budget.memory_bytes)]
        said = tempfile.TemporaryFile()  # noqa: SIM115  # closed when the worker ends
        process = subprocess.Popen(  # noqa: S603  # our own module
            [sys.executable, "-m", "auscult.engine.jobs.worker", *bounds],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            start_new_session=True,
            env={**process_environment(), **ONE_THREAD},
        )
        assert process.stdout is not None
        handle = process.stdout.fileno()
        self.workers[handle] = _Worker(process, said)
        self.selector.register(handle, selectors.EVENT_READ)
        return self.workers[handle]

    def _hear(self, handle: int) -> Iterator[Done | Lost]:
        """Read what a worker wrote; the end of its output is its own end."""
        worker = self.workers[handle]
        piece = os.read(handle, 1 << 16)
        worker.read += piece
        if b"\n" in piece:
            yield from worker.answers()
        if len(worker.read) > ANSWER_BYTES_MAX:
            self._drop(handle)
            if worker.task:
                yield Lost(worker.task, f"its answer is larger than {ANSWER_BYTES_MAX} bytes")
        elif not piece:
            how = self._drop(handle)
            yield from self._try_again(worker, how)

    def _try_again(self, worker: _Worker, how: str) -> Iterator[Lost]:
        if worker.task is None:
            return
        if worker.tried < self.budget.tries:
            self.waiting.append((worker.task, worker.tried + 1))
            return
        yield Lost(worker.task, f"its worker died {worker.tried} times, last by {how}")

    def _end_late(self) -> Iterator[Lost]:
        now_s = time.monotonic()
        for handle, worker in list(self.workers.items()):
            if worker.task and worker.ends_s <= now_s:
                self._drop(handle)
                yield Lost(worker.task, f"not done within {self.budget.task_s:g} s")

    def _drop(self, handle: int) -> str:
        self.selector.unregister(handle)
        return self.workers.pop(handle).end()


def _read_answer(line: bytes | bytearray) -> Words | None:
    """Return what a worker's line says; None for a line that is no answer."""
    try:
        answer = json.loads(line)
    except ValueError:
        return None
    is_answer = isinstance(answer, dict) and ("refused" in answer or "answer" in answer)
    return answer if is_answer else None


def _close(pipe: IO[bytes]) -> None:
    try:
        pipe.close()
    except BrokenPipeError:
        return  # what was still to be written to a dead worker
