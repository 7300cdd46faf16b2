"""Listens to a stream as a player does."""

import asyncio
import importlib.util
from collections.abc import AsyncGenerator
from contextlib import aclosing
from functools import partial
from typing import Annotated, Literal
from urllib.parse import urlsplit

import numpy as np
from pydantic import Field, Strict, field_validator

from auscult.kernel.errors import SampleRefused, SeriesCapReached
from auscult.kernel.sounds import RENDITION, Heard, Stream, Unheard, Why
from auscult.kernel.words import Labels, subject_of
from auscult.signals.listening import EndlessListener, Fetching, HlsListener
from auscult.signals.listening.figures import Row, StreamFigures
from auscult.signals.listening.playlist import Variant, choose_rendition
from auscult.signals.port import Sink, Source, SourceHealth
from auscult.signals.series.labels import NAME_LABEL


class Probe(Source):
    """Pulls one stream, HLS (`.m3u8`) or endless HTTP (Icecast and its like), and decodes it.

    Every `interval_s` it tells how the stream fares: is it up, what was heard and received, what
    could not be heard and why, its level, and how late it is where the playlist says when it was
    made. `rendition` chooses among those of a master playlist: the highest, the lowest, or the one
    nearest to so many kbit/s; findings say which it is. `form` says what the stream is where its
    address does not. `labels` are added to every series.

    The sound itself goes to the monitors. Streams of the same `programme` are set against each
    other: `service` is whose output this one is, `hop` how many stages the programme has passed
    here: 0 at the source tap, against which all others are held, unset where that is not known.
    """

    url: str = Field(max_length=2_000)
    stream: str = Field(min_length=1, max_length=200)
    programme: str = Field(default="", max_length=200)
    service: str = Field(default="", max_length=200)
    hop: int | None = Field(default=None, ge=0, le=63)
    vantage: str = Field(default="local", max_length=100)
    form: Literal["auto", "hls", "endless"] = "auto"
    rendition: Literal["highest", "lowest"] | Annotated[int, Strict(), Field(gt=0)] = "highest"
    interval_s: float = Field(default=1.0, ge=0.5, le=60)
    timeout_s: float = Field(default=10.0, gt=0, le=60)
    labels: dict[str, str] = {}

    @field_validator("url")
    @classmethod
    def _check_url(cls, url: str) -> str:
        if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname:
            raise ValueError("an http(s) URL is expected")
        if importlib.util.find_spec("av") is None:
            raise ValueError("decoding needs the extra `audio`: pip install 'auscult[audio]'")
        return url

    async def run(self, sink: Sink) -> None:
        """Listen, and tell how it goes, until cancelled."""
        figures, chosen = StreamFigures(since_ms=sink.now_ms()), list[Variant]()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._tell(figures, sink))
                group.create_task(self._listen(figures, sink, chosen))
        except asyncio.CancelledError:  # so it was wished; one that breaks is begun anew
            left = Unheard(Why.LEFT, sink.now_ms(), "its probe was taken away")
            sink.hear(self._stream(chosen), left)
            raise

    async def _listen(self, figures: StreamFigures, sink: Sink, chosen: list[Variant]) -> None:
        async with Fetching.of(self.url, timeout_s=self.timeout_s) as fetching:
            while True:
                async with aclosing(self._open(fetching, sink, chosen)) as listening:
                    async for found in listening:
                        figures.take(found)
                        sink.hear(self._stream(chosen), found)
                        self._note(found, sink)
                await asyncio.sleep(self.interval_s)  # a recording is over: from its beginning

    def _stream(self, chosen: list[Variant]) -> Stream:
        named = {RENDITION: name} if chosen and (name := chosen[0].called) else {}
        return Stream(
            name=self.stream,
            programme=self.programme or self.stream,
            subject=subject_of(self._labels("", "")),
            hop=self.hop,
            vantage=self.vantage,
            labels=tuple(sorted((named | dict(self._labels("", ""))).items())),
        )

    def _open(
        self, fetching: Fetching, sink: Sink, chosen: list[Variant]
    ) -> AsyncGenerator[Heard | Unheard]:
        def choose(variants: tuple[Variant, ...]) -> Variant:
            chosen[:] = [choose_rendition(variants, self.rendition)]
            return chosen[0]

        if self._is_hls():
            return HlsListener(fetching, self.url, sink.now_ms, choose).listen()
        return EndlessListener(fetching, self.url, sink.now_ms).listen()

    def _is_hls(self) -> bool:
        if self.form != "auto":
            return self.form == "hls"
        return urlsplit(self.url).path.lower().endswith((".m3u8", ".m3u"))

    async def _tell(self, figures: StreamFigures, sink: Sink) -> None:
        while True:
            await asyncio.sleep(self.interval_s)
            now_ms = sink.now_ms()
            await sink.ingest(partial(self._pour, figures.rows(now_ms), sink, now_ms=now_ms))

    def _pour(self, rows: list[Row], sink: Sink, *, now_ms: int) -> None:
        """Take one tick's samples to the sink; runs on the ingest thread."""
        try:
            slots = [sink.slot(self._labels(name, why), kind) for name, why, kind, _ in rows]
        except (SampleRefused, SeriesCapReached) as refused:
            health = SourceHealth(name=self._name, healthy=False, error=str(refused)[:500])
            sink.note(health)
            return
        times = np.full(len(rows), now_ms, dtype=np.int64)
        values = np.array([value for *_, value in rows])
        sink.take(np.array(slots, dtype=np.int32), times, values)

    def _labels(self, name: str, why: str) -> Labels:
        named = {
            "job": "probe",
            "stream": self.stream,
            "programme": self.programme,
            "vantage": self.vantage,
            "service": self.service or self.stream,
            "instance": urlsplit(self.url).netloc.rpartition("@")[2],
            **self.labels,
            "why": why,
            NAME_LABEL: name,
        }
        return tuple(sorted((key, value) for key, value in named.items() if value))

    @property
    def _name(self) -> str:
        return f"probe {self.stream}"[:300]

    def _note(self, found: Heard | Unheard, sink: Sink) -> None:
        if isinstance(found, Heard):
            sink.note(SourceHealth(name=self._name, healthy=True, last_sample_ms=found.arrived_ms))
        elif found.why is not Why.COMPLETE:
            error = f"{found.why}: {found.detail}"[:500]
            sink.note(SourceHealth(name=self._name, healthy=False, error=error))
