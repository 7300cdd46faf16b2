"""The first minute: what watches learns what is usual, and the show says how far it is."""

import asyncio
import time
from typing import Any

from soundstage.show.voice import Voice, bar
from soundstage.show.watcher import Watcher

EVERY_S = 15.0


async def tell_learning(watcher: Watcher, voice: Voice, *, for_s: float) -> None:
    """Show the progress of learning for ``for_s`` seconds."""
    began_s = told_s = time.monotonic()
    first = True
    while (passed_s := time.monotonic() - began_s) < for_s:
        coverage: dict[str, Any] = await watcher.coverage()
        watched, learning = int(coverage.get("watched", 0)), int(coverage.get("learning", 0))
        voice.progress(
            f"  learning what is usual: {passed_s:.0f} of {for_s:.0f} s {bar(passed_s / for_s)}   "
            f"{watched + learning} series seen, {watched} of them learned; "
            "rules already work",
            new_line=first or time.monotonic() - told_s >= EVERY_S,
            passed_s=round(passed_s, 1),
            watched=watched,
            learning=learning,
        )
        if first or time.monotonic() - told_s >= EVERY_S:
            first, told_s = False, time.monotonic()
        await asyncio.sleep(min(1.0, max(0.0, for_s - passed_s)))
