"""How a pool of equal servers was used: what is known before anything is advised."""

from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

SATURATED = 0.95
"""Busier than this, a pool may have had more to do than shows: its demand is cut off."""

SAMPLES_MAX = 500_000
_MINUTES = 60_000.0

Column = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Usage:
    """One pool over time; every column has the length of `at_ms`, and a gap is NaN.

    `busy` is how many servers worked on average during the sample (utilisation times servers, or
    seconds of CPU per second), `servers` how many there were. `arrivals_per_s` is what was asked
    for, also what was turned away. `wait_s` is the mean wait in the queue. The last two may be
    missing (empty): then an overload cannot be measured, and waits are those of M/M/c.
    Raises `ValueError` for columns that do not fit.
    """

    service: str
    at_ms: NDArray[np.int64]
    busy: Column
    servers: Column
    arrivals_per_s: Column = field(default_factory=lambda: np.empty(0))
    wait_s: Column = field(default_factory=lambda: np.empty(0))
    resource: str = "replicas"

    def __post_init__(self) -> None:
        """Refuse columns that do not fit together."""
        size = len(self.at_ms)
        if size > SAMPLES_MAX:
            raise ValueError(f"{size} samples; at most {SAMPLES_MAX}")
        lengths = (len(self.busy), len(self.servers))
        optional = (len(self.arrivals_per_s), len(self.wait_s))
        if lengths != (size, size) or not set(optional) <= {0, size}:
            raise ValueError(f"columns of {size}, {lengths}, {optional} samples do not fit")
        if size > 1 and bool((np.diff(self.at_ms) <= 0).any()):
            raise ValueError("times must rise")

    def part(self, chosen: NDArray[np.bool_]) -> Self:
        """Return the samples that are chosen, bool[n]."""
        columns = ("at_ms", "busy", "servers", "arrivals_per_s", "wait_s")
        whole = {name: getattr(self, name) for name in columns}
        return replace(
            self, **{name: one[chosen] if len(one) else one for name, one in whole.items()}
        )

    @property
    def servers_now(self) -> int:
        """How many there were last; 0 where that was never told."""
        known = self.servers[np.isfinite(self.servers)]
        return round(float(known[-1])) if len(known) else 0

    @property
    def is_saturated(self) -> NDArray[np.bool_]:
        """Where so many were busy that more may have been asked for than shows."""
        return self.busy >= SATURATED * self.servers

    def service_s(self) -> float:
        """Return the mean time one request keeps a server busy; NaN where arrivals are unknown.

        By Little's law, busy servers are arrival rate times service time; told where nothing was
        turned away or queued up.
        """
        if not len(self.arrivals_per_s):
            return float("nan")
        told = np.isfinite(self.busy) & (self.arrivals_per_s > 0) & ~self.is_saturated
        rate = float(self.arrivals_per_s[told].sum())
        return float(self.busy[told].sum()) / rate if rate else float("nan")

    def demand_erlang(self) -> Column:
        """Return how many servers would have been busy had there been enough, float64[n].

        Where the pool was saturated this is arrivals times service time, or NaN: not known.
        """
        service_s = self.service_s()
        offered = self.arrivals_per_s * service_s if len(self.arrivals_per_s) else np.nan
        demand = np.where(self.is_saturated, offered, self.busy)
        return np.asarray(demand, dtype=np.float64)

    def minutes(self) -> float:
        """How long it was watched, from the first sample to the last."""
        return float(self.at_ms[-1] - self.at_ms[0]) / _MINUTES if len(self.at_ms) else 0.0
