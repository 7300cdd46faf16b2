"""What a change of size is expected to bring, as ranges; and what became of it, as words."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Range:
    """A figure and the range it is known within."""

    likely: float
    low: float
    high: float

    def __contains__(self, figure: float) -> bool:
        """Say whether a figure lies within."""
        return self.low <= figure <= self.high

    @property
    def figures(self) -> tuple[float, float, float]:
        """The figure, the low and the high end."""
        return self.likely, self.low, self.high


class Move(StrEnum):
    """What to do with a size."""

    ADD = "add"
    REMOVE = "remove"
    KEEP = "keep"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Policy:
    """What a pool owes. Utilisation is busy servers by servers, at the load that may come.

    A pool is let grow beyond `utilisation_max`, and shrunk only where it stays below
    `utilisation_max` times `calm`, so that it does not go up and down. `wait_max_s` bounds the mean
    wait at the peak; 0 bounds none. `spare` servers may fail at the peak without an overflow when
    something is taken away. At most `step_share` of the servers is taken away at once.
    """

    utilisation_max: float = 0.75
    calm: float = 0.9
    wait_max_s: float = 0.0
    spare: int = 1
    servers_min: int = 1
    servers_max: int = 1_000
    step_share: float = 0.5
    horizon_days: float = 7.0

    def __post_init__(self) -> None:
        """Refuse what cannot be; raises `ValueError`."""
        shares = (self.utilisation_max, self.calm, self.step_share)
        if not all(0 < share <= 1 for share in shares) or self.wait_max_s < 0:
            raise ValueError("shares are above 0 and at most 1, a wait is 0 or more")
        if not 1 <= self.servers_min <= self.servers_max or self.spare < 0:
            raise ValueError("servers_min is from 1 to servers_max, spare is 0 or more")


@dataclass(frozen=True, slots=True)
class Advice:
    """How large a pool should be, and what is expected of it at its daily peak.

    A range is of the highest peak that was measured (`likely`), of a median day's, and of the one
    that may come. `headroom` is the share of the servers that is idle then, `wait_s` the mean wait
    in the queue. `proposed` is the present size where nothing is to be done or known.
    """

    service: str
    resource: str
    move: Move
    present: int
    proposed: int
    reason: str
    utilisation: Range | None = None
    headroom: Range | None = None
    wait_s: Range | None = None
    demand_erlang: Range | None = None
    service_s: float = float("nan")


class Outcome(StrEnum):
    """What became of a change."""

    KEPT = "kept"
    REVERTED = "reverted"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a change keeps, with what was measured; NaN where that could not be."""

    outcome: Outcome
    reason: str
    utilisation: float = float("nan")
    wait_s: float = float("nan")
    wait_before_s: float = float("nan")
    """What was waited at like loads before."""
