"""`codec:` in a tenant's settings: what auscult may advise on and change by itself, how often."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, HttpUrl, model_validator

from auscult.engine.codec.advising import GRID
from auscult.engine.codec.plan import RungText, Words
from auscult.signals.encoding import COMPLEXITY

Kbps = Annotated[float, Field(gt=0, le=1e6)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LadderStream(_Part):
    """One live stream whose ladder it is: its HLS playlist, and the tap of what went into it.

    tenant: whose it is, where it is another tenant's; that one's own settings have to allow it.
    """

    name: str = Field(min_length=1, max_length=200)
    url: HttpUrl
    source: HttpUrl
    tenant: str | None = Field(default=None, pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")


class CodecSettings(_Part):
    """Alone, `allow` lets another tenant's section change a ladder that both share."""

    allow: bool = False
    """Whether a ladder may be tried without a person; else it is only proposed."""

    ladder: tuple[RungText, ...] = Field(default=(), max_length=64)
    """What is in force, best first: `[opus:128, opus:64]`."""

    apply: Words | None = None
    """The command that changes the ladder, as a list of words; {rates}, {codec}, {rungs} filled.

    To revert, it is run with the ladder that was in force.
    """

    streams: tuple[LadderStream, ...] = Field(default=(), max_length=50)
    titles: Path | None = None
    """A folder of audio files to advise on; without one the sources of the streams are recorded."""

    titles_max: int = Field(default=20, ge=1, le=50)
    record_s: float = Field(default=90.0, ge=10, le=600)
    throughput_kbps: tuple[Kbps, ...] = Field(default=(), max_length=10_000)
    """What listeners have, where it is known better than by their players' own words (CMCD)."""

    begin_after_s: float = Field(default=300.0, ge=0, le=86_400)
    every_h: float = Field(default=24.0, ge=0.01, le=1_000)
    saved_min_share: float = Field(default=0.05, ge=0, lt=1)
    worst_item: float | None = Field(default=None, ge=1, le=5)
    steps: int = Field(default=4, ge=1, le=8)
    stretches: int = Field(default=5, ge=1, le=20)
    """More than `advise` takes: of few stretches a promise is made that a live one may not keep."""

    stretch_s: float = Field(default=8.0, ge=2, le=30)
    opus_complexity: int = Field(default=COMPLEXITY, ge=0, le=10)
    """What the encoder is set to whose ladder it is."""

    workers: int = Field(default=1, ge=1, le=16)
    settle_s: float = Field(default=10.0, ge=0, le=600)
    listen_s: float = Field(default=12.0, ge=5, le=60)
    timeout_s: float = Field(default=60.0, gt=0, le=600)

    @property
    def is_asked(self) -> bool:
        """Whether there is anything to advise on."""
        return bool(self.streams) or self.titles is not None

    @model_validator(mode="after")
    def _check_whole(self) -> Self:
        codecs = {one.partition(":")[0] for one in self.ladder}
        if (self.is_asked or self.apply) and not self.ladder:
            raise ValueError("`ladder` is missing: what is in force, as [opus:128]")
        if unknown := codecs - set(GRID):
            raise ValueError(f"no codec {', '.join(sorted(unknown))}; there are {', '.join(GRID)}")
        if self.ladder and not self.is_asked:
            raise ValueError("`streams` or `titles` are missing: nothing is there to advise on")
        if self.apply and not self.streams:
            raise ValueError("`streams` are missing: a change that nobody hears is not made")
        return self
