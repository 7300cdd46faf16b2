"""A takeover: somebody said at run time that they are on call for a while."""

from typing import Self

from pydantic import Field, model_validator

from auscult.kernel.words import Word


class Takeover(Word):
    """An override of a schedule, made at run time: from everybody, or `instead_of` one person.

    It holds from `starts_ms` until `ends_ms`, the end not included; `by` made it at `made_ms`. One
    that is only wished for has no `id` yet.
    """

    id: str = Field(default="", max_length=64)
    schedule: str = Field(min_length=1, max_length=200)
    person: str = Field(min_length=1, max_length=200)
    starts_ms: int = Field(ge=0)
    ends_ms: int
    reason: str = Field(default="", max_length=500)
    instead_of: str = Field(default="", max_length=200)
    by: str = Field(default="", max_length=200)
    made_ms: int = 0

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.ends_ms <= self.starts_ms:
            raise ValueError("it ends before it begins")
        return self
