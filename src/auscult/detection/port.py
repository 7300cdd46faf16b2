"""The shelf of detectors, and what one of them sees and says."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Protocol

from pydantic import BeforeValidator, Field, WithJsonSchema

from auscult.kernel.errors import MatcherMalformed
from auscult.kernel.matchers import Matcher, parse_matcher
from auscult.kernel.plugs import Plug, Shelf
from auscult.kernel.words import Labels, Severity, Subject, TenantId

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from auscult.detection.budget import Budget
    from auscult.detection.scoring.columns import Columns, Rows
    from auscult.kernel.samples import Values

Memory = dict[int, int]
"""What one detector remembers of one tenant between two ticks: a number -> milliseconds."""


def _read_matcher(given: object) -> object:
    if not isinstance(given, str):
        return given
    try:
        return parse_matcher(given)
    except MatcherMalformed as why:
        raise ValueError(str(why)) from None


Match = Annotated[Matcher, BeforeValidator(_read_matcher), WithJsonSchema({"type": "string"})]
"""A matcher as a setting: written as text, `name="value"`, `!=`, `=~` or `!~`."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """One detector's word about one series at this tick; `Watch` makes findings of it.

    Complaints with the same subject and signal are one finding, which stays open as long as it is
    complained about. `low` and `high` are the usual range now, in the unit of the series.
    """

    slot: int
    subject: Subject
    signal: str
    since_ms: int
    score: float
    severity: Severity
    sentence: str
    low: float | None = None
    high: float | None = None


class View(Protocol):
    """One tenant's series at one tick. Row numbers are slots."""

    @property
    def tenant(self) -> TenantId:
        """Whose series they are."""

    @property
    def now_ms(self) -> int:
        """The time of the tick."""

    @property
    def columns(self) -> "Columns":
        """The scorer's state, to be read only."""

    @property
    def rows(self) -> "Rows":
        """Every slot of the tenant, ascending."""

    @property
    def scored(self) -> "Rows":
        """The slots that take part in scoring, ascending."""

    @property
    def budget(self) -> "Budget":
        """The tenant's false-page budget."""

    def matching(self, matchers: tuple[Matcher, ...]) -> "Rows":
        """Return the tenant's slots whose labels fulfil every matcher, ascending."""

    def labels_of(self, slot: int) -> Labels:
        """Return a series' labels."""

    def subject_of(self, slot: int) -> Subject:
        """Return what a series is about."""

    def group_of(self, rows: "Rows") -> "Rows":
        """Return the number of the subject of each row."""

    def unit_of(self, slot: int) -> str:
        """Return a series' unit: `s`, `B`, `/s`, ... or the empty string."""

    def usual_of(self, rows: "Rows") -> "tuple[Values, Values, Values]":
        """Return level, low and high of what is usual for n series now; float64 (n,) each."""

    def is_negligible(self, rows: "Rows") -> "NDArray[np.bool_]":
        """Return of n series whether the last value differs by less than is worth a word."""

    @property
    def awake_ms(self) -> int:
        """Since when samples could have arrived: silence before it proves nothing."""

    def open_slots(self) -> dict[int, int]:
        """Return slot -> since_ms of the findings this detector has open."""


class Detector(Plug):
    """Looks at one tenant's series once a tick and says what is wrong with them now."""

    quiet_s: float = Field(default=5.0, ge=0)
    """A finding is over when nothing was complained about for so long."""

    def judge(self, view: View, memory: Memory) -> Iterable[Complaint]:
        """Return all current complaints, also those made before; may change `memory` only."""
        raise NotImplementedError  # every plug has its own; the shelf makes none of this class


DETECTORS: Shelf[Detector] = Shelf("auscult.detection.detectors", Detector)
