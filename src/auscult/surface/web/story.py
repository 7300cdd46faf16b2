"""The incident page, and what a person does there: plain forms, so that none needs a script."""

from collections.abc import Mapping

from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse

from auscult.kernel.effects import EffectKind
from auscult.kernel.errors import BodyMalformed, ObjectMissing, StateConflict
from auscult.kernel.facts import (
    Acknowledged,
    Asked,
    Escalated,
    Reassigned,
    Released,
    Resolved,
    Silenced,
)
from auscult.kernel.findings import Phase
from auscult.kernel.incidents import Incident, Signal, Status
from auscult.kernel.times import MINUTE_MS
from auscult.surface.api.access import Ask
from auscult.surface.api.incidents import silence_signals, who
from auscult.surface.api.limits import read_form
from auscult.surface.api.queries import FOR_MAX_MIN, TEXT_CHARS_MAX, Nothing, Query
from auscult.surface.api.speech import sent_whole_or_part
from auscult.surface.readings import (
    Story,
    change_incident,
    show_exhibit,
    tell_story,
    write_story,
)
from auscult.surface.web.evidence.charts import draw_evidence
from auscult.surface.web.evidence.exhibits import set_scenes
from auscult.surface.web.oncall.calling import said_calls, targets
from auscult.surface.web.performance.traces import Exemplar, find_exemplar
from auscult.surface.web.render import is_partial, render
from auscult.surface.web.session import SEE_OTHER, Visitor

router = APIRouter(include_in_schema=False)
REASON_CHARS_MAX = 200
UNDO_MS = 10_000
"""How long an acknowledgement can be undone with one tap; later it stands under "More"."""
STILL_FIRING = "still_firing"
NOTICES = {
    "acknowledged": "Acknowledged.",
    "released": "Given back: it needs somebody again.",
    "resolved": "Resolved.",
    "first": "Somebody was first: see below who has it.",
    "theirs": "Somebody else has it; nothing was changed.",
    "over": "This incident is already over; nothing was changed.",
    "silenced": "Snoozed: nobody is called until then.",
    "escalated": "The next level is called.",
    "muted": "Muted: nobody is told of what fires here until then.",
    "reassigned": "Handed on: they are called now.",
    "nowhere": "No escalation policy is for this incident; nothing was changed.",
    "nobody": "They are not known any more; nothing was changed.",
    STILL_FIRING: "Not resolved yet: see above what still fires.",
}
MUTES = ((60, "1 h"), (240, "4 h"), (1_440, "1 d"))
SNOOZES = ((30, "30 min"), (60, "1 h"), (240, "4 h"))


class NoticeQuery(Query):
    """What the last action did, said once."""

    done: str = ""


@router.get("/incidents/{incident_id}.json")
async def give_story(incident_id: str, ask: Visitor) -> Response:
    """Return one incident as data."""
    ask.query(Nothing)
    body = await write_story(ask.engine, ask.tenant, incident_id)
    return Response(body, media_type="application/json")


@router.get("/incidents/{incident_id}")
async def show_story(incident_id: str, ask: Visitor) -> Response:
    """Show one incident: what, since when, how odd, who was told, what was done."""
    query = ask.query(NoticeQuery)
    story = await tell_story(ask.engine, ask.tenant, incident_id)
    return await _page_of(ask, story, query.done)


@router.get("/incidents/{incident_id}/exhibits/{exhibit_id}")
async def give_exhibit(incident_id: str, exhibit_id: str, ask: Visitor) -> Response:
    """Return a sound or a picture that the page shows."""
    ask.query(Nothing)
    media_type, body = await show_exhibit(
        ask.engine, ask.tenant, incident_id=incident_id, exhibit_id=exhibit_id
    )
    return sent_whole_or_part(ask.request, media_type, body)


@router.post("/incidents/{incident_id}/acknowledge")
async def acknowledge(incident_id: str, ask: Visitor) -> Response:
    """Take an incident; a double tap takes it once."""
    await read_form(ask.request)
    return await _act(ask, Acknowledged(**who(ask, incident_id)))


@router.post("/incidents/{incident_id}/release")
async def give_back(incident_id: str, ask: Visitor) -> Response:
    """Take one's own acknowledgement back."""
    await read_form(ask.request)
    return await _act(ask, Released(**who(ask, incident_id)))


@router.post("/incidents/{incident_id}/resolve")
async def resolve(incident_id: str, ask: Visitor) -> Response:
    """End an incident by a person's word; while a signal fires, only by a second tap elsewhere."""
    form = await read_form(ask.request)
    if form.get("confirmed") != "yes":
        story = await tell_story(ask.engine, ask.tenant, incident_id)
        if firing(story.incident):
            return await _answer(ask, incident_id, STILL_FIRING)
    return await _act(ask, Resolved(**who(ask, incident_id)))


@router.post("/incidents/{incident_id}/snooze")
async def snooze(incident_id: str, ask: Visitor) -> Response:
    """Have nobody called for some minutes: the visitor has it until then."""
    for_min = _minutes(await read_form(ask.request))
    return await _act(ask, Silenced(**who(ask, incident_id), for_ms=for_min * MINUTE_MS))


@router.post("/incidents/{incident_id}/mute")
async def mute(incident_id: str, ask: Visitor) -> Response:
    """Silence what fires in an incident, for some minutes and for everybody."""
    form = await read_form(ask.request)
    reason = form.get("reason", "").strip()[:REASON_CHARS_MAX]
    try:
        await silence_signals(ask, incident_id, for_min=_minutes(form), reason=reason)
    except StateConflict:
        return await _answer(ask, incident_id, "over")
    return await _answer(ask, incident_id, "muted")


def _minutes(form: Mapping[str, str]) -> int:
    minutes = form.get("for_min", "60")
    if not minutes.isdecimal() or not 0 < int(minutes) <= FOR_MAX_MIN:
        raise BodyMalformed(f"for_min: should be 1 to {FOR_MAX_MIN} minutes")
    return int(minutes)


@router.post("/incidents/{incident_id}/escalate")
async def escalate(incident_id: str, ask: Visitor) -> Response:
    """Call the next level now."""
    await read_form(ask.request)
    return await _act(ask, Escalated(**who(ask, incident_id)))


@router.post("/incidents/{incident_id}/reassign")
async def reassign(incident_id: str, ask: Visitor) -> Response:
    """Hand an incident to others, who are called now."""
    to = (await read_form(ask.request)).get("to", "")[:TEXT_CHARS_MAX]
    return await _act(ask, Reassigned(**who(ask, incident_id), to=to))


def firing(incident: Incident) -> list[Signal]:
    """Return the signals of an open incident that are not as usual again."""
    if incident.is_over:
        return []
    return [signal for signal in incident.signals if signal.phase is Phase.FIRING]


async def _act(ask: Ask, fact: Asked) -> Response:
    """Submit a person's fact and answer what came of it."""
    try:
        incident = await change_incident(ask.engine, fact)
    except (StateConflict, ObjectMissing) as why:
        now = (await tell_story(ask.engine, ask.tenant, fact.incident)).incident
        return await _answer(ask, fact.incident, "over" if now.is_over else _why_not(fact, why))
    was_first = not isinstance(fact, Acknowledged) or incident.acknowledged_by == fact.by
    return await _answer(ask, fact.incident, fact.fact if was_first else "first")


def _why_not(fact: Asked, why: StateConflict | ObjectMissing) -> str:
    """Return the word for why nothing was changed about an incident that is there and open."""
    if isinstance(why, ObjectMissing):
        return "nobody"
    return "nowhere" if isinstance(fact, Escalated | Reassigned) else "theirs"


async def _answer(ask: Ask, incident_id: str, done: str) -> Response:
    """Answer with the page (to script) or with a redirect to it (to a plain form)."""
    if is_partial(ask.request):
        return await _page_of(ask, await tell_story(ask.engine, ask.tenant, incident_id), done)
    return RedirectResponse(f"/incidents/{incident_id}?done={done}", SEE_OTHER)


async def _page_of(ask: Ask, story: Story, done: str) -> Response:
    incident = story.incident
    calls, choices = await ask.engine.oncall.ask(
        ask.tenant, lambda oncall: (said_calls(incident, oncall), targets(oncall))
    )
    exemplar: Exemplar | None = await find_exemplar(ask, story)
    still = firing(incident)
    return render(
        ask.request,
        "incident.html",
        story=story,
        scenes=set_scenes(story),
        incident=incident,
        chart=draw_evidence(incident.strongest.evidence),
        evidence=incident.strongest.evidence,
        exemplar=exemplar,
        deliveries=[one for one in story.deliveries if one.plug and one.kind == EffectKind.NOTIFY],
        notice=NOTICES.get(done, "") if done != STILL_FIRING or still else "",
        confirming=still if done == STILL_FIRING else [],
        is_mine=incident.status is Status.ACKNOWLEDGED
        and incident.acknowledged_by == ask.caller.name,
        calls=calls,
        choices=choices if calls else (),
        snoozes=SNOOZES,
        mutes=MUTES,
        firing=still,
        undo_until_ms=(incident.acknowledged_ms or 0) + UNDO_MS,
    )
