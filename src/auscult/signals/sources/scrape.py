"""Asks targets for their metrics in turn, as Prometheus does."""

import asyncio
from functools import partial
from pathlib import Path
from typing import Self

import aiohttp
from pydantic import Field, SecretStr, field_validator, model_validator

from auscult.signals.exposition import ScrapeReader
from auscult.signals.port import Sink, Source, SourceHealth
from auscult.signals.scraping import (
    ACCEPT,
    Fetcher,
    ScrapeLoop,
    Target,
    TargetFiles,
    static_targets,
)

_FILES_EVERY_S = 5.0


class Scrape(Source):
    """Asks every target for its metrics once per interval.

    `targets` are `host:port` or whole URLs; `files` are Prometheus' `file_sd` files (JSON or YAML,
    `*` in the name allowed), read again when they change. Only these addresses are asked; redirects
    are not followed. `labels` are added to every series, next to `instance`.
    """

    targets: list[str] = []
    files: list[Path] = []
    interval_s: float = Field(default=15.0, ge=0.1, le=3_600)
    timeout_s: float | None = Field(default=None, gt=0)
    labels: dict[str, str] = {"job": "scrape"}
    honor_labels: bool = False
    body_bytes_max: int = Field(default=16 << 20, gt=0)
    samples_max: int = Field(default=100_000, gt=0)
    bearer_token: SecretStr | None = None
    username: str | None = None
    password: SecretStr | None = None

    @field_validator("targets")
    @classmethod
    def _check_targets(cls, targets: list[str]) -> list[str]:
        static_targets(targets, {})
        return targets

    @model_validator(mode="after")
    def _check_settings(self) -> Self:
        if self.timeout_s is not None and self.timeout_s > self.interval_s:
            raise ValueError("timeout_s must not be longer than interval_s")
        if self.bearer_token is not None and self.username is not None:
            raise ValueError("give bearer_token or username and password, not both")
        return self

    async def run(self, sink: Sink) -> None:
        """Ask all targets, in turn and for ever; follow the files as they change."""
        files = TargetFiles(self.files, self.labels)
        static = static_targets(self.targets, self.labels)
        connector = aiohttp.TCPConnector(limit=100, limit_per_host=4)
        async with aiohttp.ClientSession(connector=connector, headers=self._headers()) as session:
            fetcher = Fetcher(session, self.timeout_s or self.interval_s, self.body_bytes_max)
            make_reader = partial(self._make_reader, sink)
            loop = ScrapeLoop(sink, fetcher, interval_s=self.interval_s, make_reader=make_reader)
            try:
                while True:
                    found, wrong = await asyncio.to_thread(files.read)
                    if self.files:
                        health = SourceHealth(name="scrape files", healthy=not wrong, error=wrong)
                        sink.note(health)
                    await loop.follow([*static, *found])
                    await asyncio.sleep(min(_FILES_EVERY_S, self.interval_s))
            finally:
                await loop.stop()

    def _make_reader(self, sink: Sink, target: Target) -> ScrapeReader:
        return ScrapeReader(
            sink.slot,
            dict(target.labels),
            honor_labels=self.honor_labels,
            samples_max=self.samples_max,
        )

    def _headers(self) -> dict[str, str]:
        headers = {"Accept": ACCEPT, "User-Agent": "auscult"}
        if self.bearer_token is not None:
            headers["Authorization"] = f"Bearer {self.bearer_token.get_secret_value()}"
        elif self.username is not None:
            secret = self.password.get_secret_value() if self.password else ""
            headers["Authorization"] = aiohttp.encode_basic_auth(self.username, secret)
        return headers
