"""Replays samples from CSV files, as they were or faster."""

import asyncio
import re
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
from pydantic import Field

from auscult.kernel.errors import InputError, SeriesCapReached
from auscult.kernel.samples import Slots
from auscult.signals.history import Table, read_table
from auscult.signals.port import Sink, Source, SourceHealth

_SAMPLES_AT_ONCE = 100_000
_PACE_MS = 250


class Csv(Source):
    """Replays CSV files: `timestamp,value`, or wide with one column for each series.

    Without `speed` everything is given at once, at the times in the files. With `speed: 60` an hour
    of the file takes a minute: its first row is now, and all distances are 60 times shorter. A
    column is named after its header; a column called `value` after the file.
    """

    files: list[Path] = Field(min_length=1, max_length=1_000)
    labels: dict[str, str] = {"job": "csv"}
    speed: float | None = Field(default=None, gt=0)

    async def run(self, sink: Sink) -> None:
        """Replay all files side by side, then return."""
        began_ms = sink.now_ms()
        await asyncio.gather(*(self._replay(path, sink, began_ms) for path in self.files))

    async def _replay(self, path: Path, sink: Sink, began_ms: int) -> None:
        name = f"csv {path.name}"[:300]
        try:
            table = await asyncio.to_thread(read_table, path)
            if self.speed is not None and len(table.at_ms):
                table = _compress(table, self.speed, began_ms)
            await self._give(table, path, name=name, sink=sink)
        except (InputError, SeriesCapReached) as why:
            sink.note(SourceHealth(name=name, healthy=False, error=str(why)[:500]))

    async def _give(self, table: Table, path: Path, *, name: str, sink: Sink) -> None:
        make_slots = partial(self._make_slots, path, table, sink)
        for first, last in pairwise(_cut(table, paced=self.speed is not None)):
            last_ms = int(table.at_ms[last - 1])
            if self.speed is not None:
                await asyncio.sleep(max(0, last_ms - sink.now_ms()) / 1000)
            rows = slice(first, last)
            await sink.ingest(partial(_pour, table, make_slots, sink=sink, rows=rows))
            sink.note(SourceHealth(name=name, healthy=True, last_sample_ms=last_ms))

    def _make_slots(self, path: Path, table: Table, sink: Sink) -> Slots:
        names = (path.stem if name.lower() == "value" else name for name in table.names)
        labels = [{**self.labels, "__name__": _metric_name(name)} for name in names]
        return np.array([sink.slot(tuple(sorted(one.items()))) for one in labels], dtype=np.int32)


def _metric_name(text: str) -> str:
    return re.sub(r"^(?=\d)|[^A-Za-z0-9_:]", "_", text) or "_"


def _compress(table: Table, speed: float, began_ms: int) -> Table:
    """Return the table as if its first row were now and everything took `speed` times less."""
    lasted_ms = (table.at_ms - table.at_ms[0]) / speed
    return Table(began_ms + np.rint(lasted_ms).astype(np.int64), table.value, table.names)


def _cut(table: Table, *, paced: bool) -> list[int]:
    """Return row numbers between which rows are given together: by time when paced."""
    n = len(table.at_ms)
    if not paced:
        return [*range(0, n, max(1, _SAMPLES_AT_ONCE // len(table.names))), n] if n else []
    bucket = (table.at_ms - table.at_ms[0]) // _PACE_MS
    return [0, *(np.flatnonzero(np.diff(bucket)) + 1).tolist(), n]


def _pour(table: Table, make_slots: Callable[[], Slots], *, sink: Sink, rows: slice) -> None:
    """Give some rows; slots are asked for each time, for in a long pause one may be evicted."""
    value, slots = table.value[rows], make_slots()
    at_ms = np.repeat(table.at_ms[rows], value.shape[1])
    flat, every = value.ravel(), np.tile(slots, len(value))
    given = ~np.isnan(flat)
    sink.take(every[given], at_ms[given], flat[given])
