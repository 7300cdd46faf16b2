"""Reports of sound on their way from bytes to samples: a line of its own for each tenant.

A flood of one tenant fills its own line, and is told to come again; the others find theirs empty.
"""

import asyncio
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from auscult.kernel.errors import QueueFull
from auscult.kernel.sounds import Heard, Stream, Unheard
from auscult.kernel.words import TenantId
from auscult.signals.vantage.sounds import unpack_sound

IN_LINE_MAX = 4
"""Reports of one tenant that are decoded or wait for it, of 8 MB and 24 MB decoded at most."""

ALL_IN_LINE_MAX = 64
"""Of all tenants; beyond, only who has none in line is let in."""

THREADS = 2


class Unpacking:
    """Decodes reports beside the event loop. Used from the loop's thread."""

    def __init__(self) -> None:
        """Begin with empty lines."""
        self._in_line: Counter[TenantId] = Counter()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="unpack")

    async def unpack(
        self, tenant: TenantId, body: bytes, *, now_ms: int
    ) -> tuple[Stream, Heard | Unheard]:
        """Return what a report tells; raises `BodyMalformed`, `BodyTooLarge`, `QueueFull`."""
        mine = self._in_line[tenant]
        if mine >= IN_LINE_MAX or (mine and self._in_line.total() >= ALL_IN_LINE_MAX):
            raise QueueFull(f"{mine} reports of sound wait to be decoded")
        self._in_line[tenant] += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._threads, lambda: unpack_sound(body, now_ms=now_ms)
            )
        finally:
            self._in_line[tenant] -= 1
            if not self._in_line[tenant]:
                del self._in_line[tenant]

    def stop(self) -> None:
        """End the threads; what waits is let go, and its sender sends it again."""
        self._threads.shutdown(cancel_futures=True)
