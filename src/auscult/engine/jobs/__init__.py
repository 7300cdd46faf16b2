"""Heavy work in processes of its own, within a budget of count, time and memory."""

from auscult.engine.jobs.budget import Budget, Done, Lost, Task
from auscult.engine.jobs.pool import run_tasks

__all__ = ["Budget", "Done", "Lost", "Task", "run_tasks"]
