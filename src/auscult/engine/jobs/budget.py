"""What a job is, what it may cost, and how it ends."""

from dataclasses import dataclass
from typing import Any

Words = dict[str, Any]
"""A JSON object."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What all workers together may cost.

    task_s: after so long a task's worker is killed. memory_bytes: of one worker's data. tries: a
    task whose worker died is given to another one until it was tried so often.
    """

    workers: int = 2
    task_s: float = 180.0
    memory_bytes: int = 2 << 30
    nice: int = 10
    tries: int = 2


@dataclass(frozen=True, slots=True)
class Task:
    """A function, as `module:name` of this package, and what it is given.

    It takes one JSON object and returns one; it reads what it needs and keeps nothing.
    """

    name: str
    function: str
    words: Words


@dataclass(frozen=True, slots=True)
class Done:
    """A task and what it returned."""

    task: Task
    answer: Words


@dataclass(frozen=True, slots=True)
class Lost:
    """A task that came to nothing, and why.

    is_refused: the function itself said so (bad input), so that another try changes nothing.
    """

    task: Task
    reason: str
    is_refused: bool = False
