"""Who is on call now and for two weeks, and taking over by a plain form."""

from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse

from auscult.kernel.errors import InputError, StateConflict
from auscult.kernel.oncall import Takeover
from auscult.kernel.times import DAY_MS, HOUR_MS
from auscult.notification.oncall import Notice, OnCall, Schedule, Shift, shifts
from auscult.notification.oncall.notices import Kind
from auscult.notification.oncall.outlook import Standing, notices_of, stand
from auscult.notification.oncall.zones import first_ms
from auscult.surface.api.access import Ask
from auscult.surface.api.limits import read_form
from auscult.surface.api.oncall.overrides import FOR_MAX_MIN, by_of
from auscult.surface.api.oncall.schedules import give_calendar
from auscult.surface.api.queries import Nothing, Query
from auscult.surface.readings import read_takeovers
from auscult.surface.web.oncall.strips import Week, draw_weeks, looks_of, spoken, window_of
from auscult.surface.web.render import render
from auscult.surface.web.session import SEE_OTHER, Visitor

router = APIRouter(include_in_schema=False)
HOURS = (
    *((1, "1 hour"), (4, "4 hours"), (8, "8 hours"), (12, "12 hours")),
    *((24, "a day"), (48, "2 days"), (168, "a week")),
)
NOTICES = {"taken": "Taken over.", "ended": "Ended: the schedule holds again."}
NOTICES_SHOWN = 3
BAD_REQUEST = 400
GRAVE = frozenset({Kind.NOBODY, Kind.STRANGER})
HOURS_MAX = FOR_MAX_MIN // 60


class DoneQuery(Query):
    """What the last action did, said once."""

    done: str = ""


@dataclass(frozen=True, slots=True)
class View:
    """One schedule as the page shows it."""

    schedule: Schedule
    standing: Standing
    weeks: tuple[Week, ...]
    shifts: tuple[Shift, ...]
    notices: tuple[Notice, ...]

    @property
    def urgent(self) -> tuple[Notice, ...]:
        """What is wrong, pages that reach nobody first."""
        return tuple(sorted(self.notices, key=lambda one: (one.kind not in GRAVE, one.from_ms)))


@router.get("/oncall")
async def show_oncall(ask: Visitor) -> Response:
    """Show who is on call, who is next, and what is wrong within two weeks."""
    done = ask.query(DoneQuery).done
    return await _page(ask, notice=NOTICES.get(done, ""))


@router.get("/oncall/{schedule}.ics")
async def give_ics(schedule: str, ask: Visitor) -> Response:
    """Return a schedule as a calendar."""
    return await give_calendar(schedule, ask)


@router.post("/oncall/{schedule}/take")
async def take_over(schedule: str, ask: Visitor) -> Response:
    """Put somebody on call for some hours; what makes no sense is said on the page."""
    ask.query(Nothing)
    form = await read_form(ask.request)
    found = await ask.engine.oncall.ask(ask.tenant, lambda oncall: oncall.schedule(schedule))
    try:
        wished = _read(form, found, now_ms=ask.engine.clock.now_ms())
        await ask.engine.oncall.take_over(ask.tenant, wished, by=by_of(ask))
    except (InputError, StateConflict, ValueError) as why:
        said = str(getattr(why, "detail", "") or why)
        return await _page(ask, wrong=f"Not taken over: {said}.", status=BAD_REQUEST)
    return RedirectResponse("/oncall?done=taken", SEE_OTHER)


@router.post("/oncall/{schedule}/end/{override_id}")
async def give_back(schedule: str, override_id: str, ask: Visitor) -> Response:
    """End a takeover now, or take it back before it has begun."""
    await read_form(ask.request)
    await ask.engine.oncall.give_back(ask.tenant, schedule, override_id, by=by_of(ask))
    return RedirectResponse("/oncall?done=ended", SEE_OTHER)


def _read(form: dict[str, str], schedule: Schedule, *, now_ms: int) -> Takeover:
    """Return what the form wishes; times are by the clocks of the schedule. Raises `ValueError`."""
    hours, starts = form.get("hours", ""), form.get("starts", "")
    if not hours.isdecimal() or not 0 < int(hours) <= HOURS_MAX:
        raise ValueError(f"say for how many hours, at most {HOURS_MAX}")
    starts_ms = now_ms
    if starts:
        try:
            wall = datetime.fromisoformat(starts).replace(tzinfo=None)
        except ValueError:
            raise ValueError("the time it begins at is no time") from None
        starts_ms = first_ms(wall, schedule.time_zone)
    if not abs(starts_ms - now_ms) < 400 * DAY_MS:
        raise ValueError("it begins more than 400 days from now")
    return Takeover(
        schedule=schedule.name,
        person=form.get("person", "") or "nobody",
        starts_ms=starts_ms,
        ends_ms=starts_ms + int(hours) * HOUR_MS,
        reason=form.get("reason", "")[:500],
        instead_of=form.get("instead_of", "")[:200],
    )


async def _page(ask: Ask, *, notice: str = "", wrong: str = "", status: int = 200) -> Response:
    now_ms = ask.engine.clock.now_ms()
    views, oncall = await ask.engine.oncall.ask(ask.tenant, lambda said: _look(said, now_ms))
    return render(
        ask.request,
        "oncall.html",
        status=status,
        views=views,
        missing=oncall.missing(with_default=False),
        people=[one.name for one in oncall.people],
        me=oncall.called.get(ask.caller.person.lower(), ""),
        takeovers=await read_takeovers(ask.engine, ask.tenant),
        hours=HOURS,
        notices_shown=NOTICES_SHOWN,
        grave=GRAVE,
        spoken=spoken,
        notice=notice,
        wrong=wrong,
    )


def _look(oncall: OnCall, now_ms: int) -> tuple[list[View], OnCall]:
    """Return everything the page shows of each schedule."""
    looks = looks_of(one.name for one in oncall.people)
    views = []
    for schedule in oncall.schedules:
        span = window_of(schedule.time_zone, now_ms)
        found = shifts(schedule, *span)
        views.append(
            View(
                schedule=schedule,
                standing=stand(schedule, now_ms),
                weeks=draw_weeks(schedule, found, looks=looks, now_ms=now_ms),
                shifts=tuple(one for one in found if one.to_ms > now_ms),
                notices=notices_of(oncall, schedule.name, from_ms=now_ms, to_ms=span[1]),
            )
        )
    return views, oncall
