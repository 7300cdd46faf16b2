"""Query parameters, read strictly: an unknown one is refused with the list of right ones.

Only where the interface is another product's unknown ones are passed over, as there.
"""

from collections.abc import Iterable
from typing import Annotated, Any, TypeVar

from fastapi import Request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from auscult.kernel.errors import QueryUnknown
from auscult.kernel.facts import FOR_MAX_MS
from auscult.kernel.incidents import Status
from auscult.kernel.times import MINUTE_MS
from auscult.kernel.words import Severity

PAGE_DEFAULT = 50
PAGE_MAX = 500
CURSOR_CHARS_MAX = 200
TEXT_CHARS_MAX = 200
FOR_MAX_MIN = FOR_MAX_MS // MINUTE_MS
Q = TypeVar("Q", bound=BaseModel)


class Query(BaseModel):
    """A set of query parameters; the model's fields are the only names there are."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Tolerant(BaseModel):
    """Parameters of another product's interface: those of a later version are passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Nothing(Query):
    """No parameters at all."""


class PageQuery(Query):
    """A page of a list: where it goes on, and how long it may be."""

    cursor: str = Field(default="", max_length=CURSOR_CHARS_MAX)
    limit: int = Field(default=PAGE_DEFAULT, ge=1, le=PAGE_MAX)


STATES = ("unresolved", *Status, "all")


def _is_state(text: str) -> str:
    if text not in STATES:
        raise ValueError(f"{text[:40]!r} is no state; there are: {', '.join(STATES)}")
    return text


def _is_severity(text: str) -> str:
    if text and text not in set(Severity):
        raise ValueError(f"{text[:40]!r} is no severity; there are: {', '.join(Severity)}")
    return text


class IncidentQuery(PageQuery):
    """The incident list's filters; everything the list shows is in its URL."""

    state: Annotated[str, AfterValidator(_is_state)] = Field(
        default="unresolved", json_schema_extra={"enum": [*STATES]}
    )
    severity: Annotated[str, AfterValidator(_is_severity)] = Field(
        default="", json_schema_extra={"enum": ["", *Severity]}
    )
    service: str = Field(default="", max_length=TEXT_CHARS_MAX)
    q: str = Field(default="", max_length=TEXT_CHARS_MAX)


class AcknowledgeQuery(Query):
    """For how long an incident is taken, in minutes; without it as long as the policy says."""

    for_min: int | None = Field(default=None, ge=1, le=FOR_MAX_MIN)


class SnoozeQuery(Query):
    """For how long nobody is called, in minutes."""

    for_min: int = Field(default=60, ge=1, le=FOR_MAX_MIN)


class MuteQuery(Query):
    """For how long what fires is silenced, in minutes, and why."""

    for_min: int = Field(default=60, ge=1, le=FOR_MAX_MIN)
    reason: str = Field(default="", max_length=TEXT_CHARS_MAX)


class ReassignQuery(Query):
    """To whom an incident is handed, as a policy names its targets: `person:ada`, `team:ml`."""

    to: str = Field(min_length=1, max_length=TEXT_CHARS_MAX)


class SeriesQuery(PageQuery):
    """The series search: matchers as in PromQL, and the slot after which to go on."""

    match: tuple[str, ...] = Field(default=(), alias="match[]", max_length=20)


class EventsQuery(Query):
    """Where a live stream goes on; the header `Last-Event-ID` wins over it."""

    after: str = Field(default="", max_length=40)


def read_query(request: Request, kind: type[Q]) -> Q:
    """Return the request's parameters as the given kind; raises `QueryUnknown`."""
    names = {field.alias or name: field for name, field in kind.model_fields.items()}
    given = request.query_params
    if not issubclass(kind, Tolerant):
        refuse_unknown(given.keys(), names)
    several = {name for name, field in names.items() if field.annotation == tuple[str, ...]}
    values = {
        name: tuple(given.getlist(name)) if name in several else given[name]
        for name in given
        if name in names
    }
    try:
        return kind.model_validate(values)
    except ValidationError as wrong:
        first = wrong.errors()[0]
        said = str(first["msg"]).removeprefix("Value error, ")
        raise QueryUnknown(f"{first['loc'][0]}: {said}") from None


def documented(kind: type[BaseModel]) -> dict[str, Any]:
    """Return the parameters as OpenAPI says them; routes that read them by hand add this."""
    schema = kind.model_json_schema(by_alias=True)
    return {
        "parameters": [
            {
                "name": name,
                "in": "query",
                "required": name in schema.get("required", ()),
                "schema": told,
            }
            for name, told in schema["properties"].items()
        ]
    }


def refuse_unknown(given: Iterable[str], right: Iterable[str]) -> None:
    """Raise `QueryUnknown` for a name that is not taken here, with those that are."""
    known = set(right)
    if unknown := sorted(set(given) - known):
        names = ", ".join(sorted(known)) or "none"
        raise QueryUnknown(f"{', '.join(unknown)}; taken here: {names}")
