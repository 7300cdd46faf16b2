"""What people are told: every channel's messages about an incident, or about a sample."""

from itertools import groupby

from fastapi import APIRouter, Response
from pydantic import Field

from auscult.surface.api.queries import Query
from auscult.surface.readings import tell_story
from auscult.surface.web.render import render
from auscult.surface.web.session import Visitor

router = APIRouter(include_in_schema=False)
HAPPENS = {
    "opened": "When it opens",
    "acknowledged": "When it is taken",
    "resolved": "When it ends",
}


class PreviewQuery(Query):
    """Of which incident; of a sample where none is named."""

    incident: str = Field(default="", max_length=100)


@router.get("/messages")
async def show_messages(ask: Visitor) -> Response:
    """Show what each channel is told, in the tenant's own words where it has some."""
    wanted = ask.query(PreviewQuery).incident
    story = await tell_story(ask.engine, ask.tenant, wanted) if wanted else None
    incident = story.incident if story is not None else None
    messages = ask.engine.preview(ask.tenant, incident)
    channels = [(name, list(some)) for name, some in groupby(messages, lambda one: one.channel)]
    return render(
        ask.request, "messages.html", channels=channels, incident=incident, happens=HAPPENS
    )
