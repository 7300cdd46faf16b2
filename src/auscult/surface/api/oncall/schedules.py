"""Who is on call, and the shifts of a schedule: as data, and as a calendar (iCalendar)."""

from typing import Any

from fastapi import APIRouter, Response
from pydantic import Field

from auscult.kernel.errors import QueryUnknown
from auscult.kernel.times import DAY_MS
from auscult.notification.oncall import OnCall, shifts, write_calendar
from auscult.notification.oncall.outlook import notices_of, stand
from auscult.surface.api.access import Ask, Reader, Subscriber
from auscult.surface.api.description import Responses, told
from auscult.surface.api.description.oncall import OnCallTold, ScheduleTold
from auscult.surface.api.queries import TEXT_CHARS_MAX, Query, documented
from auscult.surface.api.routes import DirectRoute
from auscult.surface.api.speech import said
from auscult.surface.instants import Instant
from auscult.surface.readings import as_takeover, read_takeovers

WINDOW_MS, WINDOW_MAX_DAYS = 14 * DAY_MS, 92
CALENDAR_BACK_MS, CALENDAR_AHEAD_MS = 14 * DAY_MS, 120 * DAY_MS
CALENDAR: Responses = {
    200: {
        "description": "As iCalendar (RFC 5545)",
        "content": {"text/calendar": {"schema": {"type": "string"}}},
    }
}
router = APIRouter(prefix="/api/v1/oncall", tags=["oncall"], route_class=DirectRoute)


class AtQuery(Query):
    """At which instant; now without it."""

    at: Instant | None = None


class WindowQuery(Query):
    """Which part of a schedule: `from` now `to` two weeks later, where nothing else is said."""

    begins: Instant | None = Field(default=None, alias="from")
    ends: Instant | None = Field(default=None, alias="to")


class CalendarQuery(Query):
    """Whose shifts, everybody's without it; and the key of a program that sends no header."""

    person: str = Field(default="", max_length=TEXT_CHARS_MAX)
    key: str = Field(default="", max_length=TEXT_CHARS_MAX)


@router.get("", openapi_extra=documented(AtQuery), responses=told(OnCallTold))
async def tell_all(ask: Reader) -> Response:
    """Return who is on call in each schedule at an instant, why, until when, and who is next."""
    at = ask.query(AtQuery).at
    at_ms = ask.engine.clock.now_ms() if at is None else at

    def look(oncall: OnCall) -> dict[str, Any]:
        standing = [stand(one, at_ms) for one in oncall.schedules]
        return {"at_ms": at_ms, "schedules": standing, "missing": oncall.missing()}

    return said(await ask.engine.oncall.ask(ask.tenant, look))


@router.get(
    "/schedules/{schedule}.ics",
    openapi_extra=documented(CalendarQuery),
    response_class=Response,
    responses=CALENDAR,
)
async def give_calendar(schedule: str, ask: Subscriber) -> Response:
    """Return a schedule as iCalendar, from two weeks back to four months ahead."""
    person, now_ms = ask.query(CalendarQuery).person, ask.engine.clock.now_ms()
    begins_ms, ends_ms = now_ms - CALENDAR_BACK_MS, now_ms + CALENDAR_AHEAD_MS
    text = await ask.engine.oncall.ask(
        ask.tenant,
        lambda oncall: write_calendar(oncall.schedule(schedule), begins_ms, ends_ms, person=person),
    )
    headers = {"Content-Disposition": 'attachment; filename="oncall.ics"'}
    return Response(text, media_type="text/calendar", headers=headers)


@router.get(
    "/schedules/{schedule}", openapi_extra=documented(WindowQuery), responses=told(ScheduleTold)
)
async def tell_one(schedule: str, ask: Reader) -> Response:
    """Return the shifts of a schedule, what is wrong with them, and who has taken over."""
    begins_ms, ends_ms = window_of(ask, ask.query(WindowQuery))

    def look(oncall: OnCall) -> dict[str, Any]:
        found = oncall.schedule(schedule)
        return {
            "schedule": found.name,
            "time_zone": found.time_zone,
            "from_ms": begins_ms,
            "to_ms": ends_ms,
            "shifts": [
                {
                    "from_ms": shift.from_ms,
                    "to_ms": shift.to_ms,
                    "is_gap": shift.is_gap,
                    "on_call": [{"person": duty.person, "why": duty.why} for duty in shift.duties],
                }
                for shift in shifts(found, begins_ms, ends_ms)
            ],
            "notices": notices_of(oncall, schedule, from_ms=begins_ms, to_ms=ends_ms),
        }

    seen = await ask.engine.oncall.ask(ask.tenant, look)
    mine = [one for one in await read_takeovers(ask.engine, ask.tenant) if one.schedule == schedule]
    return said(seen | {"overrides": [as_takeover(one) for one in mine]})


def window_of(ask: Ask, query: WindowQuery) -> tuple[int, int]:
    """Return the window a query names; raises `QueryUnknown` for one that is too long."""
    begins_ms = ask.engine.clock.now_ms() if query.begins is None else query.begins
    ends_ms = begins_ms + WINDOW_MS if query.ends is None else query.ends
    if ends_ms - begins_ms > WINDOW_MAX_DAYS * DAY_MS:
        raise QueryUnknown(f"the window is longer than {WINDOW_MAX_DAYS} days")
    return begins_ms, ends_ms
