"""`/api/v2/silences` and `/api/v2/silence/{id}`."""

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from auscult.kernel.alerts import Silence, SilenceState
from auscult.kernel.errors import BodyMalformed, MatcherMalformed, ObjectMissing
from auscult.kernel.matchers import Matcher, compile_pattern
from auscult.kernel.times import rfc3339
from auscult.surface.api.access import Reader
from auscult.surface.api.alertmanager.readings import read_filter
from auscult.surface.api.alertmanager.routes import AlertmanagerRoute
from auscult.surface.api.description import takes, told
from auscult.surface.api.description.alerts import REFUSALS, SilenceMade, SilenceTold, taken
from auscult.surface.api.limits import read_body
from auscult.surface.api.queries import Tolerant, documented

PATH = "/api/v2/silences"
SHOWN_MAX = 1_000
SILENCE_BYTES_MAX = 512 * 1024
MATCHERS_CHARS_MAX = 50_000
"""Of all of a silence's matchers: they are in the audit log as well, which takes 65,536."""
KEPT_MS = 5 * 86_400_000
"""How long a silence that is over is shown."""

router = APIRouter(
    prefix="/api/v2", tags=["alertmanager"], route_class=AlertmanagerRoute, responses=REFUSALS
)


class SilencesQuery(Tolerant):
    """Which silences: those that have each of these matchers, by who made them, by their state."""

    filter: tuple[str, ...] = ()
    creator: tuple[str, ...] = ()
    active: bool = True
    pending: bool = True
    expired: bool = True

    def fits(self, silence: Silence, now_ms: int) -> bool:
        """Say whether a silence is asked for, its matchers apart."""
        shown = getattr(self, str(silence.state(now_ms)))
        return bool(shown) and (not self.creator or silence.created_by in self.creator)


class PostedMatcher(BaseModel):
    """A condition as the API writes it."""

    model_config = ConfigDict(frozen=True)

    name: str = Field(min_length=1, max_length=500)
    value: str
    isRegex: bool  # noqa: N815  # the API's spelling
    isEqual: bool = True  # noqa: N815  # the API's spelling

    def read(self) -> Matcher:
        """Return it as a matcher; raises `BodyMalformed`."""
        if self.isRegex:
            try:
                compile_pattern(self.value)
            except MatcherMalformed as why:
                raise BodyMalformed(f"invalid regular expression: {why.detail}") from None
            return Matcher(name=self.name, op="=~" if self.isEqual else "!~", value=self.value)
        return Matcher(name=self.name, op="=" if self.isEqual else "!=", value=self.value)


class PostedSilence(BaseModel):
    """A silence as the API writes it."""

    model_config = ConfigDict(frozen=True)

    id: str = ""
    matchers: tuple[PostedMatcher, ...] = Field(min_length=1, max_length=100)
    startsAt: datetime  # noqa: N815  # the API's spelling
    endsAt: datetime  # noqa: N815  # the API's spelling
    createdBy: str = Field(max_length=200)  # noqa: N815  # the API's spelling
    comment: str = Field(max_length=2_000)

    def read(self, now_ms: int) -> Silence:
        """Return it as a silence; raises `BodyMalformed`."""
        starts_ms, ends_ms = (round(at.timestamp() * 1_000) for at in (self.startsAt, self.endsAt))
        if starts_ms >= ends_ms:
            raise BodyMalformed("Failed to create silence: start time must be before end time")
        if ends_ms < now_ms:
            raise BodyMalformed("Failed to create silence: end time can't be in the past")
        if sum(len(one.name) + len(one.value) for one in self.matchers) > MATCHERS_CHARS_MAX:
            raise BodyMalformed(f"matchers of more than {MATCHERS_CHARS_MAX} characters")
        matchers = tuple(one.read() for one in self.matchers)
        if all(one.matches({}) for one in matchers):
            raise BodyMalformed("at least one matcher must not match the empty string")
        return Silence(
            id=self.id,
            matchers=matchers,
            starts_ms=starts_ms,
            ends_ms=ends_ms,
            updated_ms=now_ms,
            created_by=self.createdBy,
            comment=self.comment,
        )


@router.get("/silences", openapi_extra=documented(SilencesQuery), responses=told(list[SilenceTold]))
async def show_all(ask: Reader) -> Response:
    """Return the silences: active, pending, and those that are over since not long."""
    query = ask.query(SilencesQuery)
    wanted = read_filter(query.filter)
    now_ms = ask.engine.clock.now_ms()
    found = await ask.engine.read(
        lambda work: work.of(ask.tenant).silences.ending_after(now_ms - KEPT_MS, SHOWN_MAX)
    )
    fitting = [one for one in found if set(wanted) <= set(one.matchers) and query.fits(one, now_ms)]
    return JSONResponse([said_of(one, now_ms) for one in sorted(fitting, key=_order(now_ms))])


@router.post(
    "/silences",
    openapi_extra=takes(PostedSilence.model_json_schema()),
    responses=told(SilenceMade, 413),
)
async def post(ask: Reader) -> Response:
    """Make a silence, or change the one whose id is given."""
    body = await read_body(ask.request, SILENCE_BYTES_MAX)
    try:
        posted = PostedSilence.model_validate_json(body)
    except ValidationError as why:
        first = why.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BodyMalformed(f"{where}: {first['msg']}") from None
    silence = posted.read(ask.engine.clock.now_ms())
    made = await ask.engine.alerts.silence(ask.tenant, silence, by=ask.caller.name)
    return JSONResponse({"silenceID": made})


@router.get("/silence/{silence_id}", responses=told(SilenceTold))
async def show(silence_id: UUID, ask: Reader) -> Response:
    """Return one silence."""
    found = await ask.engine.read(lambda work: work.of(ask.tenant).silences.get(str(silence_id)))
    if found is None:
        raise ObjectMissing("no such silence")
    return JSONResponse(said_of(found, ask.engine.clock.now_ms()))


@router.delete("/silence/{silence_id}", response_class=Response, responses=taken("It has ended"))
async def end(silence_id: UUID, ask: Reader) -> Response:
    """End one silence now."""
    await ask.engine.alerts.expire(ask.tenant, str(silence_id), by=ask.caller.name)
    return Response(status_code=200)


def said_of(silence: Silence, now_ms: int) -> dict[str, Any]:
    """Return a silence as the API says it."""
    return {
        "id": silence.id,
        "status": {"state": str(silence.state(now_ms))},
        "matchers": [
            {
                "name": one.name,
                "value": one.value,
                "isRegex": "~" in one.op,
                "isEqual": not one.op.startswith("!"),
            }
            for one in silence.matchers
        ],
        "startsAt": rfc3339(silence.starts_ms),
        "endsAt": rfc3339(silence.ends_ms),
        "updatedAt": rfc3339(silence.updated_ms),
        "createdBy": silence.created_by,
        "comment": silence.comment,
    }


def _order(now_ms: int) -> Any:  # noqa: ANN401  # a key for `sorted`
    """Active ones first, the next to end first; then those that begin next; then the last over."""
    states = list(SilenceState)

    def key(silence: Silence) -> tuple[int, int]:
        state = silence.state(now_ms)
        edge = {SilenceState.ACTIVE: silence.ends_ms, SilenceState.PENDING: silence.starts_ms}
        return states.index(state), edge.get(state, -silence.ends_ms)

    return key
