"""Follows access logs: requests, failures, bytes and durations, and what players say (CMCD)."""

import asyncio
from functools import partial
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from auscult.signals.access_logs import LogFile, RequestMeter, read_lines
from auscult.signals.access_logs.lines import FIELDS
from auscult.signals.port import Sink, Source, SourceHealth

READS_MAX = 16
"""Chunks of one file that are read at one go; the next turn goes on."""


class AccessLog(Source):
    """Follows access log files as they grow, through rotation and truncation.

    A line is a JSON object or has the combined format of Apache and nginx (a request time in
    seconds may stand behind it). `fields` says under which names a JSON line has `status`,
    `sent_bytes`, `duration_ms` or `duration_s`, `path`, `service` and `cmcd`, where these are not
    the usual ones. CMCD is read from the query and from logged headers. Requests count at the time
    they are read; what was in a file before it was followed is left alone unless `from_start`.
    """

    files: list[Path] = Field(min_length=1, max_length=100)
    service: str = Field(default="access_log", min_length=1, max_length=200)
    fields: dict[str, list[str]] = {}
    from_start: bool = False
    every_s: float = Field(default=5.0, ge=0.1, le=300)

    @model_validator(mode="after")
    def _check_fields(self) -> Self:
        if unknown := set(self.fields) - set(FIELDS):
            known = ", ".join(FIELDS)
            raise ValueError(f"fields: {', '.join(sorted(unknown))}; there are: {known}")
        return self

    async def run(self, sink: Sink) -> None:
        """Read what came, tell what it adds up to, every `every_s`."""
        meter = RequestMeter()
        files = [LogFile(path, from_start=self.from_start) for path in self.files]
        refused = 0
        try:
            while True:
                for file in files:
                    health = await asyncio.to_thread(self._read, file, meter, now_ms=sink.now_ms())
                    sink.note(_with_refused(health, refused))
                refused = await sink.ingest(partial(_tell, meter, sink))
                await asyncio.sleep(self.every_s)
        finally:
            for file in files:
                file.close()

    def _read(self, file: LogFile, meter: RequestMeter, *, now_ms: int) -> SourceHealth:
        """Read one file up to where it is written now, and say how that went."""
        name = f"access_log {file.path}"[:300]
        fields = {**FIELDS, **{key: tuple(names) for key, names in self.fields.items()}}
        read = malformed = 0
        before = file.skipped
        try:
            for _ in range(READS_MAX):
                lines = file.read()
                if not lines:
                    break
                requests = read_lines(lines, service=self.service, fields=fields)
                meter.count(requests, now_ms=now_ms)
                read, malformed = read + len(requests), malformed + requests.malformed
        except OSError as why:
            return SourceHealth(name=name, healthy=False, error=str(why)[:500])
        malformed += file.skipped - before
        error = f"{malformed} lines could not be read" if malformed else ""
        last_ms = now_ms if read else None
        return SourceHealth(name=name, healthy=not malformed, last_sample_ms=last_ms, error=error)


def _tell(meter: RequestMeter, sink: Sink) -> int:
    """Take what was counted to the sink; return how many series there was no room for."""
    refused = 0
    for told in meter.tell(sink.slot, now_ms=sink.now_ms()):
        sink.take(told.slots, told.at_ms, told.value)
        refused += told.refused
    return refused


def _with_refused(health: SourceHealth, refused: int) -> SourceHealth:
    if not refused:
        return health
    why = f"{refused} series beyond the limit were not taken"
    error = "; ".join(filter(None, (health.error, why)))
    return health.model_copy(update={"error": error[:500]})
