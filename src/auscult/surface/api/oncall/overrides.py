"""Taking over: an override of a schedule, said at run time."""

from typing import Self

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from auscult.kernel.errors import BodyMalformed
from auscult.kernel.oncall import Takeover
from auscult.kernel.times import DAY_MS, MINUTE_MS
from auscult.surface.api.access import Ask, Reader
from auscult.surface.api.description import BODY, Responses, refusing, takes
from auscult.surface.api.description.oncall import OverrideMade
from auscult.surface.api.limits import SMALL_BODY_BYTES, read_body
from auscult.surface.api.queries import Nothing
from auscult.surface.api.routes import DirectRoute
from auscult.surface.api.speech import said
from auscult.surface.instants import Instant
from auscult.surface.readings import as_takeover

CREATED = 201
FOR_MAX_MIN = 62 * DAY_MS // MINUTE_MS
BY_CHARS_MAX = 200
MADE: Responses = {
    CREATED: {"description": "Made", "model": OverrideMade},
    **refusing(*BODY, 409),
}
router = APIRouter(prefix="/api/v1/oncall", tags=["oncall"], route_class=DirectRoute)


class Wished(BaseModel):
    """Who takes over, from when, until when or for how long; `person` may be the caller."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    person: str = Field(default="", max_length=200)
    begins: Instant | None = Field(default=None, alias="from")
    ends: Instant | None = Field(default=None, alias="to")
    for_min: int | None = Field(default=None, ge=1, le=FOR_MAX_MIN)
    reason: str = Field(default="", max_length=500)
    instead_of: str = Field(default="", max_length=200)

    @model_validator(mode="after")
    def _ends_once(self) -> Self:
        if (self.ends is None) is (self.for_min is None):
            raise ValueError("say either to or for_min")
        return self

    def read(self, schedule: str, person: str, *, now_ms: int) -> Takeover:
        """Return it as a takeover; raises `BodyMalformed`."""
        begins_ms = now_ms if self.begins is None else self.begins
        ends_ms = begins_ms + (self.for_min or 0) * MINUTE_MS if self.ends is None else self.ends
        try:
            return Takeover(
                schedule=schedule,
                person=person,
                starts_ms=begins_ms,
                ends_ms=ends_ms,
                reason=self.reason,
                instead_of=self.instead_of,
            )
        except ValidationError as wrong:
            raise BodyMalformed(_first(wrong)) from None


@router.post(
    "/schedules/{schedule}/overrides",
    status_code=CREATED,
    openapi_extra=takes(Wished.model_json_schema()),
    responses=MADE,
)
async def take_over(schedule: str, ask: Reader) -> Response:
    """Put somebody on call for a while: `{"person": "bob", "for_min": 480}`, or from and to.

    Without `person` the caller takes over, where the key's name is that of one of the people.
    """
    ask.query(Nothing)
    body = await read_body(ask.request, SMALL_BODY_BYTES)
    try:
        wished = Wished.model_validate_json(body)
    except ValidationError as wrong:
        raise BodyMalformed(_first(wrong)) from None
    person = wished.person or await _caller(ask)
    takeover = wished.read(schedule, person, now_ms=ask.engine.clock.now_ms())
    made = await ask.engine.oncall.take_over(ask.tenant, takeover, by=by_of(ask))
    answer = said({"override": as_takeover(made)})
    answer.status_code = CREATED
    return answer


@router.delete("/schedules/{schedule}/overrides/{override_id}", status_code=204)
async def give_back(schedule: str, override_id: str, ask: Reader) -> Response:
    """End an override now, or take it back before it has begun."""
    ask.query(Nothing)
    await ask.engine.oncall.give_back(ask.tenant, schedule, override_id, by=by_of(ask))
    return Response(status_code=204)


def by_of(ask: Ask) -> str:
    """Return who says so, for the audit log."""
    return ask.caller.name[:BY_CHARS_MAX]


async def _caller(ask: Ask) -> str:
    """Return which of the people the caller is; raises `BodyMalformed` for none."""
    name = ask.caller.person
    found = await ask.engine.oncall.ask(
        ask.tenant, lambda oncall: oncall.called.get(name.lower(), "")
    )
    if not found:
        raise BodyMalformed("person: say who; this key is not named like one of the people")
    return found


def _first(wrong: ValidationError) -> str:
    first = wrong.errors(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    what = str(first["msg"]).removeprefix("Value error, ")
    return f"{where}: {what}" if where else what
