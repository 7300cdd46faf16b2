"""Waiting for something that other processes do."""

import asyncio
import time
from collections.abc import Callable


async def wait_until(true: Callable[[], bool], *, within_s: float, every_s: float = 0.1) -> bool:
    """Look every so often until ``true`` or the time is over; says whether it came true."""
    deadline = time.monotonic() + within_s
    while not true():
        if time.monotonic() >= deadline:
            return False
        await asyncio.sleep(every_s)
    return True
