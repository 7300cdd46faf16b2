"""The truth: a JSON line per fault that really was in force, and a note of each that still is."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

FILE = "truth.ndjson"
RUNNING = "faults"
"""Folder with a note of each fault in force: the log hears of it only when it ends."""


@dataclass(frozen=True, slots=True)
class Truth:
    """What was broken, where, from when to when (Unix milliseconds)."""

    name: str
    target: str
    started_ms: int
    ended_ms: int
    broken: str
    listener_notices: str
    parameters: dict[str, Any] = field(default_factory=dict)


def record_truth(state: Path, truth: Truth) -> None:
    """Append one line in a single write."""
    with (state / FILE).open("a", encoding="utf-8") as log:
        log.write(json.dumps(asdict(truth), ensure_ascii=False) + "\n")


def read_truths(state: Path) -> list[Truth]:
    """Read the whole log, oldest first; none yet is an empty list."""
    path = state / FILE
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").splitlines()
    return [Truth(**json.loads(line)) for line in lines if line]


@contextmanager
def noted_while_it_begins(state: Path, truth: Truth, *, until_ms: int) -> Iterator[None]:
    """Note a fault as in force before it begins; a beginning that fails leaves no note."""
    note = _note_of(state, truth)
    note.parent.mkdir(exist_ok=True)
    partial = note.with_suffix(".partial")
    partial.write_text(json.dumps(asdict(truth) | {"ended_ms": until_ms}), encoding="utf-8")
    partial.replace(note)
    try:
        yield
    except BaseException:  # Ctrl-C too: it is not in force
        note.unlink(missing_ok=True)
        raise


def drop_note(state: Path, truth: Truth) -> None:
    """Forget that a fault is in force; once it is in the log."""
    _note_of(state, truth).unlink(missing_ok=True)


def read_running(state: Path, *, now_ms: int) -> list[Truth]:
    """Read which faults are in force now (``ended_ms`` 0), or never told that they ended.

    The latter were killed; they are taken to have ended when they were to.
    """
    running = []
    for note in sorted((state / RUNNING).glob("*.json")):
        with suppress(FileNotFoundError):  # over by now
            truth = Truth(**json.loads(note.read_text(encoding="utf-8")))
            running.append(replace(truth, ended_ms=0) if truth.ended_ms > now_ms else truth)
    return running


def _note_of(state: Path, truth: Truth) -> Path:
    return state / RUNNING / f"{truth.name}-{truth.target}-{truth.started_ms}.json"
