"""The agent's sink: what its probes hear goes over HTTP to the auscult that watches.

One report after the other, so that a stream stays in order. While auscult is away reports wait,
bounded; the oldest are let go, and the stream then does not follow.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from http import HTTPStatus
from typing import TypeVar

import aiohttp

from auscult.kernel.errors import SettingError
from auscult.kernel.samples import Slots, Times, Values
from auscult.kernel.sounds import Heard, Stream, Unheard
from auscult.kernel.words import Labels, TenantId
from auscult.runtime.logging import logger
from auscult.signals.columns.intake import Accepted
from auscult.signals.port import SourceHealth
from auscult.signals.series.kinds import Kind
from auscult.signals.vantage.sounds import SOUND_MEDIA, pack_sound
from auscult.signals.vantage.waiting import SoundsWaiting
from auscult.signals.vantage.writing import HEADERS, write_request

T = TypeVar("T")
Row = tuple[Labels, int, float]

ROWS_WAITING_MAX = 50_000
TIMEOUT_S = 20.0
AGAIN_S = 1.0
ROWS_AT_ONCE = 2_000
ELSEWHERE = TenantId("elsewhere")
"""An agent does not know whose streams they are: the key it reports with says so."""

LATER = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}

log = logger("signals.vantage")


@dataclass(frozen=True, slots=True)
class Report:
    """One request."""

    path: str
    body: bytes
    headers: dict[str, str]


class Outcome(Enum):
    """What became of a report. One that is refused will not be taken the next time either."""

    TAKEN = auto()
    REFUSED = auto()
    LATER = auto()


@dataclass(slots=True)
class Reporter:
    """A sink whose samples and sounds are sent to `url` with an API key. `run` sends for ever."""

    url: str
    key: str
    now_ms: Callable[[], int]
    tenant: TenantId = ELSEWHERE
    sent: int = 0
    rows_dropped: int = 0
    _series: list[Labels] = field(default_factory=list)
    _slots: dict[Labels, int] = field(default_factory=dict)
    _last_ms: dict[int, int] = field(default_factory=dict)
    _rows: deque[Row] = field(default_factory=deque)
    _sounds: SoundsWaiting = field(default_factory=SoundsWaiting)
    _told: set[str] = field(default_factory=set)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _idle: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def dropped(self) -> int:
        """How many samples and sounds will never arrive."""
        return self.rows_dropped + self._sounds.dropped

    def slot(self, labels: Labels, kind: Kind = Kind.UNKNOWN) -> int:
        """Return a number of its own for each label set."""
        del kind  # remote_write tells it by the name's ending
        slot = self._slots.setdefault(labels, len(self._series))
        if slot == len(self._series):
            self._series.append(labels)
        return slot

    async def ingest(self, work: Callable[[], T]) -> T:
        """Run some work here: an agent has one thread."""
        return work()

    def take(self, slots: Slots, at_ms: Times, values: Values) -> Accepted:
        """Let samples wait for their turn."""
        rows = zip(slots.tolist(), at_ms.tolist(), values.tolist(), strict=True)
        for slot, at, value in rows:
            self._last_ms[slot] = at
            self._rows.append((self._series[slot], at, value))
        while len(self._rows) > ROWS_WAITING_MAX:
            self._rows.popleft()
            self.rows_dropped += 1
        self._wake.set()
        return Accepted(accepted=len(slots))

    def hear(self, stream: Stream, found: Heard | Unheard) -> None:
        """Let sound wait for its turn."""
        self._sounds.add(stream, found)
        self._wake.set()

    def last_ms(self, slot: int) -> int | None:
        """Return the time of a series' newest sample."""
        return self._last_ms.get(slot)

    def note(self, health: SourceHealth) -> None:
        """Say in the log what a probe could not do."""
        if not health.healthy:
            log.warning("a stream could not be heard", probe=health.name, why=health.error)

    async def run(self) -> None:
        """Send until cancelled; raises `SettingError` where the key or the address is wrong."""
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        async with aiohttp.ClientSession(timeout=timeout, headers=headers) as http:
            while True:
                await self._wake.wait()
                self._wake.clear()
                while self._sounds or self._rows:
                    await self._send_once(http)
                self._idle.set()

    async def drain(self, *, within_s: float) -> None:
        """Wait until `run` has sent everything, but not for long."""
        if self._sounds or self._rows:
            self._idle.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(within_s):
                    await self._idle.wait()

    async def _send_once(self, http: aiohttp.ClientSession) -> None:
        if self._sounds:
            sent = self._sounds.first()
            body = await asyncio.to_thread(pack_sound, *sent, sent_ms=self.now_ms())
            report = Report("/api/v1/sounds", body, {"Content-Type": SOUND_MEDIA})
            outcome = await self._post(http, report)
            if outcome is Outcome.TAKEN:
                self._sounds.leave(sent)
                self._tell(sent[0].name)
            elif outcome is Outcome.REFUSED:
                self._sounds.refuse(sent)
        if self._rows:
            rows = [self._rows[n] for n in range(min(len(self._rows), ROWS_AT_ONCE))]
            report = Report("/api/v1/write", write_request(rows), HEADERS)
            outcome = await self._post(http, report)
            if outcome is not Outcome.LATER:
                _leave(self._rows, rows)
            if outcome is Outcome.REFUSED:
                self.rows_dropped += len(rows)

    async def _post(self, http: aiohttp.ClientSession, report: Report) -> Outcome:
        """Send one report; raises `SettingError` where the key or the address is wrong."""
        url = self.url + report.path
        try:
            async with http.post(url, data=report.body, headers=report.headers) as answer:
                text = (await answer.text())[:300]
        except (aiohttp.ClientError, TimeoutError) as why:
            log.warning("auscult was not reached", url=url, why=str(why) or type(why).__name__)
            await asyncio.sleep(AGAIN_S)
            return Outcome.LATER
        if answer.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND}:
            raise SettingError(f"{url} answers {answer.status}: {text}")
        if answer.status in LATER or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            await asyncio.sleep(AGAIN_S)
            return Outcome.LATER
        if answer.status >= HTTPStatus.BAD_REQUEST:
            log.warning("a report was refused", path=report.path, status=answer.status, answer=text)
            return Outcome.REFUSED
        self.sent += 1
        return Outcome.TAKEN

    def _tell(self, stream: str) -> None:
        """Say once of each stream that what is heard of it arrives, and where."""
        if stream not in self._told:
            self._told.add(stream)
            log.info("reports", stream=stream, to=self.url)


def _leave(waiting: deque[T], sent: list[T]) -> None:
    """Take what was sent from the line, as far as it was not let go meanwhile."""
    for one in sent:
        if waiting and waiting[0] is one:
            waiting.popleft()
