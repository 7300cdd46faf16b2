"""Where the event loop has heavy work done: one thread, which hands it to worker processes.

The thread lives as long as the workshop, so that no worker ends before its work does; one piece of
work follows the other, however many are asked for.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from auscult.engine.jobs.pool import Beat

T = TypeVar("T")


class Workshop:
    """`do` waits for work without holding up the loop; who stops waiting stops the work."""

    def __init__(self, name: str) -> None:
        """Take the name of its thread."""
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)

    async def do(self, work: Callable[[Beat], T]) -> T:
        """Return what `work` returns, which hands its argument to `run_tasks`.

        Raises what `work` raises.
        """
        over = threading.Event()

        def beat() -> None:
            if over.is_set():
                raise asyncio.CancelledError

        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work, beat)
        finally:
            over.set()

    def close(self) -> None:
        """Take no more work; what runs ends with its next beat."""
        self._thread.shutdown(wait=False, cancel_futures=True)
