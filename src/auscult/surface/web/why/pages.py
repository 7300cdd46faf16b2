"""The page that answers "why was I told, or not?": the record of one incident's decisions."""

from fastapi import APIRouter, Response

from auscult.surface.api.delivery.why import WhyQuery, read_account
from auscult.surface.web.render import render
from auscult.surface.web.session import Visitor

router = APIRouter(include_in_schema=False)


@router.get("/incidents/{incident_id}/why")
async def show_why(incident_id: str, ask: Visitor) -> Response:
    """Show what was decided and why, the oldest first; with `person`, one person's part in it."""
    person = ask.query(WhyQuery).person
    account = await read_account(ask, incident_id, person)
    people = sorted(one.name for one in ask.engine.plans.of(ask.tenant).rules.oncall.people)
    return render(
        ask.request,
        "why.html",
        account=account,
        incident=account.incident,
        person=person,
        people=people,
    )
