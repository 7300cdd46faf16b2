"""Calendars of others: read every few minutes, kept, and made layers of their schedules.

A calendar that cannot be read, or no longer is one, leaves the last good one in force; what is
wrong is said (`troubles`), with how old that one is.
"""

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING

from auscult.engine.oncall.fetching import fetch_calendar
from auscult.kernel.errors import AuscultError
from auscult.kernel.oncall import CalendarCopy
from auscult.kernel.times import DAY_MS, HOUR_MS, MINUTE_MS, duration_words
from auscult.kernel.words import Severity, TenantId
from auscult.notification.oncall import OnCall, Schedule, read_calendar
from auscult.notification.oncall.outlook import Ahead, Trouble
from auscult.notification.oncall.schedule import Feed
from auscult.runtime.logging import logger

if TYPE_CHECKING:
    import aiohttp

    from auscult.engine.wiring import Plans
    from auscult.runtime.clock import Clock
    from auscult.runtime.metrics import Metrics
    from auscult.store import Work

EVERY_MS = 5 * MINUTE_MS
AT_ONCE = 8
BACK_MS, AHEAD_MS = 31 * DAY_MS, 365 * DAY_MS
"""The part of a calendar that is looked at: what `shifts` may be asked at once, and a bit."""

ANEW_MS = 7 * DAY_MS
"""How far that part may lag behind the present before the text is read anew."""

STALE_MS = DAY_MS
NOTED_MS = HOUR_MS
STRANGERS_SAID_MAX = 3

Place = tuple[TenantId, str, str]
"""A tenant, a schedule, and a layer of it."""

log = logger("engine.oncall")


@dataclass(frozen=True, slots=True)
class _Kept:
    """What is known of one calendar: its last good copy as a layer, and how the last try went."""

    copy: CalendarCopy
    feed: Feed
    strangers: tuple[str, ...]
    names_key: object


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A calendar that the settings name."""

    place: Place
    address: str
    schedule: Schedule
    oncall: OnCall

    @property
    def source(self) -> str:
        """What tells its address without saying it."""
        return sha256(self.address.encode()).hexdigest()

    @property
    def names_key(self) -> object:
        """What a text means depends on, beside the time."""
        return self.schedule.time_zone, self.oncall.people


class Calendars:
    """The calendars of every tenant, as they were read last."""

    def __init__(self, plans: "Plans", *, clock: "Clock", metrics: "Metrics") -> None:
        """Take the plans whose schedules name calendars."""
        self._plans = plans
        self._clock = clock
        self._metrics = metrics
        self._kept: dict[Place, _Kept] = {}
        self._failed: dict[Place, str] = {}
        self._tried_ms: dict[tuple[Place, str], int] = {}

    def recall(self, work: "Work") -> None:
        """Take the last good copies from the store, so that a restart begins with them."""
        now_ms = self._clock.now_ms()
        for wanted in self._wanted(self._plans):
            tenant, schedule, layer = wanted.place
            copy = work.of(tenant).calendars.get(schedule, layer)
            if copy is not None and copy.source == wanted.source:
                try:
                    self._kept[wanted.place] = _understand(wanted, copy, now_ms)
                except AuscultError as why:
                    log.warning("a kept calendar is none", schedule=schedule, why=str(why))

    def dress(self, plans: "Plans") -> None:
        """Put the calendars that are known into plans, in place of layers that have nobody."""
        feeds: dict[TenantId, dict[str, dict[str, Feed]]] = {}
        for wanted in self._wanted(plans):
            kept = self._kept.get(wanted.place)
            if kept is not None and kept.copy.source == wanted.source:
                tenant, schedule, layer = wanted.place
                feeds.setdefault(tenant, {}).setdefault(schedule, {})[layer] = kept.feed
        for tenant, of_schedules in feeds.items():
            rules = plans.of(tenant).rules
            plans.amend(tenant, replace(rules, oncall=rules.oncall.amended((), of_schedules)))

    async def refresh(self, http: "aiohttp.ClientSession") -> list[tuple[TenantId, CalendarCopy]]:
        """Read every calendar whose time has come; return the copies to be kept."""
        now_ms = self._clock.now_ms()
        wanted = list(self._wanted(self._plans))
        self._forget({one.place for one in wanted})
        due = [
            one
            for one in wanted
            if now_ms - self._tried_ms.get((one.place, one.source), -EVERY_MS) >= EVERY_MS
        ]
        gate = asyncio.Semaphore(AT_ONCE)
        copies = await asyncio.gather(*(self._read(one, http, gate) for one in due))
        return [(one.place[0], copy) for one, copy in zip(due, copies, strict=True) if copy]

    def troubles(self, tenant: TenantId) -> Iterator[Trouble]:
        """Yield what is wrong with a tenant's calendars."""
        now_ms = self._clock.now_ms()
        for place, kept in self._kept.items():
            if place[0] == tenant and place not in self._failed and kept.strangers:
                names = ", ".join(map(repr, kept.strangers[:STRANGERS_SAID_MAX]))
                what = f"Calendar {place[2]} of {place[1]} names nobody that is known: {names}."
                yield _trouble(place, Severity.INFO, what)
        for place, why in self._failed.items():
            if place[0] == tenant:
                yield _unread(place, why, self._kept.get(place), now_ms=now_ms)

    async def _read(
        self, wanted: _Wanted, http: "aiohttp.ClientSession", gate: asyncio.Semaphore
    ) -> CalendarCopy | None:
        """Read one calendar; return its copy where the store should have it."""
        place, now_ms = wanted.place, self._clock.now_ms()
        self._tried_ms[place, wanted.source] = now_ms
        before = self._kept.get(place)
        try:
            async with gate:
                text = await fetch_calendar(wanted.address, http)
            if before is not None and _is_current(before, wanted, text, now_ms=now_ms):
                kept = replace(before, copy=before.copy.model_copy(update={"read_ms": now_ms}))
            else:
                copy = CalendarCopy(
                    schedule=place[1],
                    layer=place[2],
                    source=wanted.source,
                    read_ms=now_ms,
                    text=text,
                )
                kept = await asyncio.to_thread(_understand, wanted, copy, now_ms)
        except AuscultError as why:
            self._failed[place] = why.detail or str(why)
            self._metrics.calendar_reads.labels(result="broken").inc()
            log.warning("a calendar was not read", schedule=place[1], layer=place[2], why=str(why))
            return None
        self._failed.pop(place, None)
        self._kept[place] = kept
        is_same = before is not None and before.copy.text == text
        self._metrics.calendar_reads.labels(result="unchanged" if is_same else "changed").inc()
        is_noted = before is not None and now_ms - before.copy.read_ms < NOTED_MS
        return None if is_same and is_noted else kept.copy

    def _wanted(self, plans: "Plans") -> Iterator[_Wanted]:
        for plan in plans.all():
            oncall = plan.rules.oncall
            for schedule in oncall.schedules:
                for layer in schedule.layers:
                    if isinstance(layer, Feed) and layer.calendar is not None:
                        place = (plan.tenant, schedule.name, layer.name)
                        address = layer.calendar.get_secret_value()
                        yield _Wanted(place, address, schedule, oncall)

    def _forget(self, places: Iterable[Place]) -> None:
        """Forget calendars that the settings no longer name."""
        named = set(places)
        self._kept = {place: kept for place, kept in self._kept.items() if place in named}
        self._failed = {place: why for place, why in self._failed.items() if place in named}
        self._tried_ms = {at: ms for at, ms in self._tried_ms.items() if at[0] in named}


def _understand(wanted: _Wanted, copy: CalendarCopy, now_ms: int) -> _Kept:
    """Read a copy's text as a layer; raises `BodyMalformed`, `BodyTooLarge`."""
    reading = read_calendar(
        copy.text,
        max(0, now_ms - BACK_MS),
        now_ms + AHEAD_MS,
        zone=wanted.schedule.time_zone,
        names=wanted.oncall.called or None,
    )
    feed = reading.layer(wanted.place[2])
    return _Kept(copy, feed, reading.strangers, wanted.names_key)


def _is_current(kept: _Kept, wanted: _Wanted, text: str, *, now_ms: int) -> bool:
    """Say whether a text means what it meant when it was read last."""
    is_near = now_ms - BACK_MS - kept.feed.from_ms < ANEW_MS
    is_same = kept.copy.text == text and kept.copy.source == wanted.source
    return is_near and is_same and kept.names_key == wanted.names_key


def _unread(place: Place, why: str, kept: _Kept | None, *, now_ms: int) -> Trouble:
    what = f"Calendar {place[2]} of {place[1]} cannot be read: {why}."
    if kept is None:
        return _trouble(place, Severity.WARNING, f"{what} It never was, so that it has nobody.")
    age_ms = now_ms - kept.copy.read_ms
    severity = Severity.WARNING if age_ms > STALE_MS else Severity.INFO
    return _trouble(place, severity, f"{what} The one of {duration_words(age_ms)} ago holds.")


def _trouble(place: Place, severity: Severity, sentence: str) -> Trouble:
    return Trouble(
        kind=Ahead.CALENDAR,
        schedule=place[1],
        layer=place[2],
        severity=severity,
        sentence=sentence,
    )
