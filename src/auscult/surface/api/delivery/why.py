"""Who was told of an incident, or of alerts, by what, and why nobody else was: as JSON."""

from itertools import islice
from typing import TYPE_CHECKING

from fastapi import APIRouter, Response
from pydantic import Field

from auscult.engine.why.account import Account, give_account
from auscult.engine.why.alerts import GroupAnswer, ask_groups
from auscult.surface.api.access import Ask, Reader
from auscult.surface.api.alertmanager.readings import read_filter
from auscult.surface.api.description import told
from auscult.surface.api.description.why import AlertsWhyTold, WhyTold
from auscult.surface.api.queries import TEXT_CHARS_MAX, Query, documented
from auscult.surface.api.routes import DirectRoute
from auscult.surface.api.speech import said

if TYPE_CHECKING:
    from auscult.store import Work

GROUPS_MAX = 100
"""Groups of alerts in one answer."""

router = APIRouter(prefix="/api/v1/incidents", tags=["incidents"], route_class=DirectRoute)
alerts_router = APIRouter(prefix="/api/v1/alerts", tags=["alerts"], route_class=DirectRoute)


class WhyQuery(Query):
    """Of whom it is asked why they were called, or not; nobody for the whole record."""

    person: str = Field(default="", max_length=TEXT_CHARS_MAX)


class AlertsWhyQuery(Query):
    """Of which alerts it is asked: `filter` are matchers, one each; all must fit one alert."""

    filter: tuple[str, ...] = ()


@router.get("/{incident_id}/why", openapi_extra=documented(WhyQuery), responses=told(WhyTold))
async def tell_why(incident_id: str, ask: Reader) -> Response:
    """Return what was seen, decided, called and sent, the oldest first; `person` asks of one."""
    account = await read_account(ask, incident_id, ask.query(WhyQuery).person)
    return said(account.written())


@alerts_router.get("/why", openapi_extra=documented(AlertsWhyQuery), responses=told(AlertsWhyTold))
async def tell_why_alerts(ask: Reader) -> Response:
    """Return what groups with such alerts told or kept back, and what they would tell now."""
    matchers = read_filter(ask.query(AlertsWhyQuery).filter)
    alerting, now_ms = ask.engine.alerts.alerting(ask.tenant), ask.engine.clock.now_ms()

    def read(work: "Work") -> list[GroupAnswer]:
        groups = ask_groups(work.of(ask.tenant), alerting, matchers, now_ms=now_ms)
        return list(islice(groups, GROUPS_MAX + 1))

    found = await ask.engine.read(read)
    shown = [one.written() for one in found[:GROUPS_MAX]]
    return said({"groups": shown, "is_whole": len(found) <= GROUPS_MAX})


async def read_account(ask: Ask, incident_id: str, person: str) -> Account:
    """Return an incident's account; raises `ObjectMissing`, `QueryUnknown` for a person."""
    rules, now_ms = ask.engine.plans.of(ask.tenant).rules, ask.engine.clock.now_ms()
    return await ask.engine.read(
        lambda work: give_account(
            work.of(ask.tenant), incident_id, rules=rules, now_ms=now_ms, person=person
        )
    )
