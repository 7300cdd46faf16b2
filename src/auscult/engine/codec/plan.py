"""How a ladder is changed on a platform: the operator's commands, and the streams that prove it."""

import re
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, HttpUrl

from auscult.engine.codec.sounding import Place
from auscult.engine.documents import read_plan_as
from auscult.kernel.errors import SettingError
from auscult.performance.codec import Rung

_PLACE = re.compile(r"\{([a-z_]*)\}")

Words = Annotated[list[str], Field(min_length=1, max_length=100)]
RungText = Annotated[str, Field(pattern=r"^[a-z0-9]{1,20}:[1-9][0-9]{0,3}$")]
"""A rung as it is written: `opus:96`."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StreamPlan(_Part):
    """One live stream: whose it is, its HLS playlist, and the tap of what went into it."""

    tenant: str = Field(pattern=r"^[\w.-]{1,100}$")
    name: str = Field(min_length=1, max_length=200)
    url: HttpUrl
    source: HttpUrl

    def place(self) -> Place:
        """Return where it is listened to."""
        return Place(self.name, str(self.url), str(self.source))


class ChangePlan(_Part):
    """`apply` and `revert` are commands, each a list of words: no shell reads them.

    In `apply`, {rates} becomes `96,48` (best first, one codec only), {codec} its codec, {rungs}
    `opus:96,opus:48`. `allow` names the tenants that let their streams be changed without a person.
    `ladder` is what should be heard before the change, where that is known; `saved_min_share` what
    the change must be expected to save to be tried at all.
    """

    allow: tuple[str, ...]
    apply: Words
    revert: Words
    streams: tuple[StreamPlan, ...] = Field(min_length=1, max_length=50)
    settle_s: float = Field(default=10.0, ge=0, le=600)
    listen_s: float = Field(default=12.0, ge=5, le=60)
    timeout_s: float = Field(default=60.0, gt=0, le=600)
    ladder: tuple[RungText, ...] = Field(default=(), max_length=64)
    saved_min_share: float = Field(default=0.0, ge=0, lt=1)

    def check_allowed(self) -> None:
        """Raise `SettingError` where a tenant whose stream is touched does not allow it."""
        barred = sorted({one.tenant for one in self.streams} - set(self.allow))
        if barred:
            raise SettingError(f"not allowed by {', '.join(barred)}: nothing was changed")


def read_plan(path: Path) -> ChangePlan:
    """Read a plan from YAML; raises `SettingError`."""
    return read_plan_as(ChangePlan, path)


def read_rung(text: str) -> Rung:
    """Read `opus:128`; raises `SettingError`."""
    codec, _, rate = text.partition(":")
    if not codec or not rate.isdecimal() or not int(rate):
        raise SettingError(f"a rung is written as opus:128, not {text!r}")
    return Rung(codec, int(rate))


def fill_command(words: list[str], rungs: tuple[Rung, ...]) -> list[str]:
    """Return a command with its places filled; raises `SettingError` for one unknown.

    {rates} and {codec} stand for rungs of one codec; of several they would say something wrong.
    """
    codecs = {one.codec for one in rungs}
    values = {"rungs": ",".join(f"{one.codec}:{one.nominal_kbps}" for one in rungs)}
    if len(codecs) == 1:
        values |= {
            "rates": ",".join(str(one.nominal_kbps) for one in rungs),
            "codec": next(iter(codecs)),
        }
    for name in _PLACE.findall(" ".join(words)):
        if name not in values:
            several = "" if len(codecs) == 1 else f"; the ladder has {', '.join(sorted(codecs))}"
            raise SettingError(f"no place {{{name}}}; there are {', '.join(values)}{several}")
    return [_PLACE.sub(lambda found: values[found[1]], word) for word in words]
