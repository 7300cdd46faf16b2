"""Fills the gap before the start from a Prometheus that has the history."""

import asyncio
from functools import partial
from typing import Self

import aiohttp
import numpy as np
from pydantic import Field, SecretStr, field_validator, model_validator

from auscult.kernel.errors import InputError, SampleRefused, SeriesCapReached
from auscult.signals.history import Past, read_matrix
from auscult.signals.port import Sink, Source, SourceHealth
from auscult.signals.scraping import Fetcher
from auscult.signals.series.kinds import Kind

_POINTS_MAX = 11_000
"""Prometheus answers no more points per series than this."""

_RETRIES_S = (0.0, 1.0, 5.0)


class QueryRange(Source):
    """Asks a Prometheus, once at the start, for what happened before.

    Every selector in `match` (`'{job="soundstage"}'`) is asked for from `lookback_s` ago until now
    in steps of `step_s`. Samples that are known already are left out. The tenant's other samples
    wait some seconds for it; when the server does not answer, the coverage page shows it.
    """

    fills_the_past = True

    url: str
    match: list[str] = Field(min_length=1, max_length=100)
    lookback_s: float = Field(default=1_800.0, gt=0)
    step_s: float = Field(default=15.0, ge=0.1)
    timeout_s: float = Field(default=30.0, gt=0)
    body_bytes_max: int = Field(default=64 << 20, gt=0)
    bearer_token: SecretStr | None = None

    @field_validator("url")
    @classmethod
    def _check_url(cls, url: str) -> str:
        if not url.startswith(("http://", "https://")):
            raise ValueError("an http(s) URL is expected")
        return url.rstrip("/")

    @model_validator(mode="after")
    def _check_points(self) -> Self:
        if self.lookback_s / self.step_s > _POINTS_MAX:
            raise ValueError(f"lookback_s / step_s must not be more than {_POINTS_MAX}")
        return self

    async def run(self, sink: Sink) -> None:
        """Fill the gap, then return; a server that does not answer is tried a few times."""
        token = self.bearer_token
        headers = {"Authorization": f"Bearer {token.get_secret_value()}"} if token else {}
        async with aiohttp.ClientSession(headers=headers) as session:
            fetcher = Fetcher(session, self.timeout_s, self.body_bytes_max)
            for selector in self.match:
                await self._fill(selector, sink, fetcher=fetcher)

    async def _fill(self, selector: str, sink: Sink, *, fetcher: Fetcher) -> None:
        name = f"query_range {selector}"[:300]
        error = ""
        for wait_s in _RETRIES_S:
            await asyncio.sleep(wait_s)
            try:
                past = await self._ask(selector, sink.now_ms(), fetcher=fetcher)
            except InputError as why:
                error = str(why)[:500]
                sink.note(SourceHealth(name=name, healthy=False, error=error))
                continue
            last_ms = None
            for series in past:
                refused = await sink.ingest(partial(_pour, series, sink))
                error = refused or error
                last_ms = max(last_ms or 0, *series.at_ms[-1:].tolist(), 0) or last_ms
            sink.note(SourceHealth(name=name, healthy=True, last_sample_ms=last_ms, error=error))
            return

    async def _ask(self, selector: str, now_ms: int, *, fetcher: Fetcher) -> list[Past]:
        form = {
            "query": selector,
            "start": f"{now_ms / 1000 - self.lookback_s:.3f}",
            "end": f"{now_ms / 1000:.3f}",
            "step": f"{self.step_s:g}",
        }
        fetched = await fetcher.fetch(f"{self.url}/api/v1/query_range", form=form)
        return await asyncio.to_thread(read_matrix, fetched.body)


def _pour(series: Past, sink: Sink) -> str:
    """Give what is newer than the newest known sample; return why a series was refused."""
    try:
        slot = sink.slot(series.labels, Kind.UNKNOWN)
    except (SampleRefused, SeriesCapReached) as why:
        return str(why)[:500]
    new = series.at_ms > (sink.last_ms(slot) or 0)
    n = int(np.count_nonzero(new))
    sink.take(np.full(n, slot, dtype=np.int32), series.at_ms[new], series.value[new])
    return ""
