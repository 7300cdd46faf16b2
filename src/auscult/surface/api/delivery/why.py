"""`/api/v1/incidents/{id}/why`: who was told of an incident, by what, and why nobody else was."""

from fastapi import APIRouter, Response
from pydantic import Field

from auscult.engine.why.account import Account, give_account
from auscult.surface.api.access import Ask, Reader
from auscult.surface.api.description import told
from auscult.surface.api.description.why import WhyTold
from auscult.surface.api.queries import TEXT_CHARS_MAX, Query, documented
from auscult.surface.api.routes import DirectRoute
from auscult.surface.api.speech import said

router = APIRouter(prefix="/api/v1/incidents", tags=["incidents"], route_class=DirectRoute)


class WhyQuery(Query):
    """Of whom it is asked why they were called, or not; nobody for the whole record."""

    person: str = Field(default="", max_length=TEXT_CHARS_MAX)


@router.get("/{incident_id}/why", openapi_extra=documented(WhyQuery), responses=told(WhyTold))
async def tell_why(incident_id: str, ask: Reader) -> Response:
    """Return what was seen, decided, called and sent, the oldest first; `person` asks of one."""
    account = await read_account(ask, incident_id, ask.query(WhyQuery).person)
    return said(account.written())


async def read_account(ask: Ask, incident_id: str, person: str) -> Account:
    """Return an incident's account; raises `ObjectMissing`, `QueryUnknown` for a person."""
    rules, now_ms = ask.engine.plans.of(ask.tenant).rules, ask.engine.clock.now_ms()
    return await ask.engine.read(
        lambda work: give_account(
            work.of(ask.tenant), incident_id, rules=rules, now_ms=now_ms, person=person
        )
    )
