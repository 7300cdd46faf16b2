"""Which programmes a process works on: all of them, or its share beside its replicas."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from soundstage.plan import Programme

Begin = Callable[[Programme], Iterable[Coroutine[Any, Any, None]]]
End = Callable[[Programme], None]


class Share:
    """The tasks of each programme that is this process's own."""

    def __init__(self, begin: Begin, end: End) -> None:
        """``begin`` gives the work of a programme; ``end`` is told when it has been taken away."""
        self._begin, self._end = begin, end
        self._tasks: dict[str, list[asyncio.Task[None]]] = {}
        self._programmes: dict[str, Programme] = {}

    def settle(self, wanted: Iterable[Programme], group: asyncio.TaskGroup) -> None:
        """Begin what is new and end what is no longer wanted."""
        keep = {programme.key: programme for programme in wanted}
        for key in self._tasks.keys() - keep.keys():
            for task in self._tasks.pop(key):
                task.cancel()
            self._end(self._programmes.pop(key))
        for key in keep.keys() - self._tasks.keys():
            self._programmes[key] = keep[key]
            self._tasks[key] = [group.create_task(work) for work in self._begin(keep[key])]

    def stop(self) -> None:
        """Cancel all of it."""
        for tasks in self._tasks.values():
            for task in tasks:
                task.cancel()
