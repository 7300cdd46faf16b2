"""Heavy work in processes of its own, within a budget of count, time and memory."""

from auscult.engine.jobs.budget import Budget, Done, Lost, Task
from auscult.engine.jobs.pool import Beat, run_tasks
from auscult.engine.jobs.workshop import Workshop

__all__ = ["Beat", "Budget", "Done", "Lost", "Task", "Workshop", "run_tasks"]
